"""The report of an evaluation: one page that opens from disk, of any number of episodes.

Where to find what:

    report          for Python: build_report
    evaluation      the episodes as arrays, and what counts as a success in them
    statistics      rates, means, differences, survival: in numpy, of numbers without names
    groups, factors, terms, comparison, early_stop, picks      what the page tells, each without a word of HTML
    charts          where the marks of a chart are, in pixels of its drawing
    page            templates, style and script
    films           thumbnails and clips by the renderer
    server          the page on loopback, for those who watch it while it is built again
"""
