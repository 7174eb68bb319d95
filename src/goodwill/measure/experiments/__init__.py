"""What an experiment tells: what a treatment changed beside those who went without, and what chance could do alone.

Everything works on plain arrays, one row a customer, or on exact sums of them (`moments`). Customers are compared as
they were assigned, whatever became of them later. Where the data cannot tell, the answer is a sentence instead of a
number.
"""
