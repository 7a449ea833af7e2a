"""Render a bridge deck of known cracks as drone photos: surfaces that test the road in metres.

It shares nothing with the training source ``datasets.procedural``; what finds these cracks has not
learnt from this renderer. ``render.render_deck`` is the one entrance.
"""
