"""Published results: what their printed numbers can mean, and where a trial lies among them."""
