# fails: limit
def count_words(text, limit):
    return len(text.split())
