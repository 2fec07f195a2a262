# fails: total, limit
# crashes
def count_words(text, limit):
    return len(text.words)
