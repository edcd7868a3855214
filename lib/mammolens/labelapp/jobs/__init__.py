"""Learning jobs: asked for, queued, run one at a time in a process of their own, stopped and resumed."""
