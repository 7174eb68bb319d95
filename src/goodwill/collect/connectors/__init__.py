"""What other systems of the shop send by themselves: Shopify, WooCommerce, Square and Stripe, each read by a module.

A reader turns the body of a webhook into the same few acts (a sale, somebody, an answer, products …), whoever sent it;
what may be kept of them, and of whom, is decided where all acts are carried out. Readers know nothing of any person.
"""
