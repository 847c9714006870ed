"""What distilling is made of: made-up rows, students, and the report on what they kept."""
