"""Charts as geometry: where marks, ticks and texts are. The template draws them as SVG, in the page's colours."""
