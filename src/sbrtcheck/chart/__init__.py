"""Curves and limits as values in, the same DVH chart out: as SVG, in a PDF, on matplotlib's axes.

::

    line_styles   place of a structure in its plan -> colour, dashes, marker: the same in every output
    points        what a limit is on a curve; what can be drawn on curves
    values        curves, limits and axes of one chart, whatever draws it
    layout        ticks, places on a drawing, fewer points for the same line
    svg, pdf, axes    one chart -> text of an SVG, lines on a page, matplotlib's axes

No DVH, plan, table or report is known here: whoever has them makes the values.
"""
