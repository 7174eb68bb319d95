"""The shop, whole: one meaning for its four faces, the command line, HTTP, Python and the pages.

`Shop` holds what a shop is made of and does its main job. What belongs together beside that has a module here with a
class that is given the shop: a face asks ``shop.<that>.<verb>()``. Nothing here knows SQL, status codes or exit codes.
"""

from goodwill.shop.shop import Answer, Forgotten, Shop, ShopSettings
from goodwill.shop.who import Who
from goodwill.storage.audit import Actor

__all__ = ["Actor", "Answer", "Forgotten", "Shop", "ShopSettings", "Who"]
