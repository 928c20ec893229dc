"""Reviews: what people judged of a system where no machine can."""
