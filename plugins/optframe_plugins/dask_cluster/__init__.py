"""What the executor ``dask`` is made of: the cluster, the link to it, and its workers."""
