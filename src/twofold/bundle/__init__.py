"""The saved model: a manifest and blobs, no code; saving, loading, predicting."""
