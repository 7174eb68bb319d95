"""Each way out of the house is a module here; they alone may call other machines."""
