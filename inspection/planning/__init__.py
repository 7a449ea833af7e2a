"""Choose and connect: solvers and graphs, the only place that imports scipy.optimize, networkx."""
