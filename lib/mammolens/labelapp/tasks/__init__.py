"""MONAI Label's tasks: infer, train, score, choose what comes next."""
