"""Reports as pages to look at: one file each, which needs no network and no script to be read.

`environment.page` fills a template that extends `templates/page.html.j2`; what
a page says comes from a view model, ready-made, so templates decide nothing.
"""
