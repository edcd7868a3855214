"""What the server answers, declared once: the routes' response models, and their JSON Schema for clients."""
