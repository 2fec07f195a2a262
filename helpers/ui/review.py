def record(q,r): pass
