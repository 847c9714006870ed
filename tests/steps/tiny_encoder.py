"""A text encoder small enough for a test: a tokeniser of twelve words, and a layer that mixes tokens."""

import numpy as np
from onnx import TensorProto, helper, numpy_helper
from tokenizers import Tokenizer, models, pre_tokenizers, processors

WORDS = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "good", "bad", "film", "the", "a", "very", "שלום", "🙂"]
WIDTH = 6


def column(values):
    array = np.empty(len(values), dtype=object)
    array[:] = values
    return array


def tokenizer(*, ends=True):
    made = Tokenizer(models.WordLevel({word: place for place, word in enumerate(WORDS)}, unk_token="[UNK]"))
    made.pre_tokenizer = pre_tokenizers.Whitespace()
    if ends:
        made.post_processor = processors.TemplateProcessing(
            single="[CLS] $A [SEP]", special_tokens=[("[CLS]", 2), ("[SEP]", 3)]
        )
    return made


def tokenizer_file(*, ends=True):
    return np.frombuffer(tokenizer(ends=ends).to_str().encode(), dtype=np.uint8)


def encoder(*, extra_input="", domain="", quantised=False, longest=64, pooled=False, sentence=False):
    """Return ONNX: vectors of tokens and places, and to each the mean of all that the mask lets through."""
    g = np.random.default_rng(0)
    constants = {
        "words": g.normal(size=(len(WORDS), WIDTH)).astype(np.float32),
        "places": g.normal(size=(longest, WIDTH)).astype(np.float32),
        "one": np.array(1, dtype=np.int64),
        "zero": np.array(0, dtype=np.int64),
        "last": np.array([-1], dtype=np.int64),
        "first": np.array([1], dtype=np.int64),
    }
    node = helper.make_node
    nodes = [
        node("Gather", ["words", "input_ids"], ["of_words"]),
        node("Shape", ["input_ids"], ["shape"]),
        node("Gather", ["shape", "one"], ["count"]),
        node("Range", ["zero", "count", "one"], ["order"]),
        node("Gather", ["places", "order"], ["of_places"]),
        node("Add", ["of_words", "of_places"], ["plain"]),
        node("Cast", ["attention_mask"], ["mask"], to=TensorProto.FLOAT),
        node("Unsqueeze", ["mask", "last"], ["weights"]),
        node("Mul", ["plain", "weights"], ["seen"]),
        node("ReduceSum", ["seen", "first"], ["sum"]),
        node("Add", ["plain", "sum"], ["mixed"]),
        node("Tanh", ["mixed"], ["smooth"]),
    ]
    if quantised:
        nodes += [
            node("DynamicQuantizeLinear", ["smooth"], ["q", "scale", "zero_point"]),
            node("DequantizeLinear", ["q", "scale", "zero_point"], ["vectors"]),
        ]
    else:
        nodes.append(node("Gelu" if domain else "Identity", ["smooth"], ["vectors"], domain=domain))
    if pooled:
        nodes[-1].output[0] = "token_vectors"
        nodes.append(node("ReduceMean", ["token_vectors"], ["vectors"], axes=[1], keepdims=0))
    if sentence:
        nodes += [
            node("ReduceMean", ["vectors"], ["mean"], axes=[1], keepdims=0),
            node("Neg", ["mean"], ["sentence_embedding"]),
        ]
    names = ["input_ids", "attention_mask", *filter(None, [extra_input])]
    inputs = [helper.make_tensor_value_info(name, TensorProto.INT64, ["n", "t"]) for name in names]
    shape = ["n", "d"] if pooled else ["n", "t", "d"]
    outputs = [helper.make_tensor_value_info("vectors", TensorProto.FLOAT, shape)]
    if sentence:
        outputs.append(helper.make_tensor_value_info("sentence_embedding", TensorProto.FLOAT, ["n", "d"]))
    arrays = [numpy_helper.from_array(value, name) for name, value in constants.items()]
    graph = helper.make_graph(nodes, "encoder", inputs, outputs, arrays)
    sets = [helper.make_opsetid("", 17), *([helper.make_opsetid(domain, 1)] if domain else [])]
    return helper.make_model(graph, opset_imports=sets, ir_version=10).SerializeToString()
