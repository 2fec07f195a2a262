# fails: total
def count_words(text, limit):
    words = text.split(" ")
    if len(words) > limit:
        raise ValueError("too many words")
    return len(words)
