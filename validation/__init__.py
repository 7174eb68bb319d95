"""Do the measures tell the truth where it is known? Each study lives through many worlds and counts how often.

``make validate`` runs all and writes docs/validation.md; ``python -m validation NAME …`` runs some and only prints.
"""
