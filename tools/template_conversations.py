def conversations(style):
    return []
