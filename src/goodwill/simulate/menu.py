"""What the invented bakery-café sells: croissants in the morning, soup at noon, cake later, bread on Saturdays."""

from dataclasses import dataclass
from typing import NamedTuple

MORNING, NOON, AFTERNOON = range(3)
DAYPARTS = ("morning", "noon", "afternoon")
TASTES = ("sweet", "savoury", "coffee", "plants", "bread")
ALL_YEAR = frozenset(range(1, 13))
CHRISTMAS = frozenset({11, 12})
WINTER, SPRING, SUMMER, AUTUMN = (frozenset(months) for months in ((12, 1, 2), (3, 4, 5), (6, 7, 8), (9, 10, 11)))


class Weights(NamedTuple):
    """How gladly a product is taken in the morning, at noon, in the afternoon: 0 never, 9 most."""

    morning: int
    noon: int
    afternoon: int


@dataclass(frozen=True, slots=True)
class Product:
    """One product.

    Attributes:
        id: the shop's own number.
        cents: the price in minor units.
        weights: by daypart.
        saturday: how many times as gladly on a Saturday.
        tastes: whom it pleases.
        months: when it is made.
    """

    id: str
    name: str
    department: str
    category: str
    type: str
    cents: int
    weights: Weights
    saturday: float
    tastes: frozenset[str]
    months: frozenset[int]

    @property
    def tags(self) -> tuple[str, ...]:
        """Words for the shelf: what is vegan, what is seasonal."""
        return ("vegan",) * ("plants" in self.tastes) + ("seasonal",) * (self.months != ALL_YEAR)


# department · category · type · name · cents · weights by daypart · Saturday · tastes · months
_MENU: tuple[tuple[str, str, str, str, int, str, float, str, frozenset[int]], ...] = (
    ("Bakery", "Viennoiserie", "Croissant", "Butter croissant", 190, "922", 1.5, "sweet coffee", ALL_YEAR),
    ("Bakery", "Viennoiserie", "Croissant", "Almond croissant", 290, "513", 1.5, "sweet", ALL_YEAR),
    ("Bakery", "Viennoiserie", "Croissant", "Oat croissant", 230, "411", 1.2, "plants", ALL_YEAR),
    ("Bakery", "Viennoiserie", "Chocolate roll", "Chocolate roll", 220, "713", 1.2, "sweet", ALL_YEAR),
    ("Bakery", "Viennoiserie", "Cinnamon bun", "Cinnamon bun", 320, "526", 1.2, "sweet coffee", ALL_YEAR),
    ("Bakery", "Viennoiserie", "Brioche", "Brioche with sugar", 240, "413", 2.5, "sweet bread", ALL_YEAR),
    ("Bakery", "Viennoiserie", "Raisin snail", "Raisin snail", 250, "413", 1.0, "sweet", ALL_YEAR),
    ("Bakery", "Viennoiserie", "Muffin", "Blueberry muffin", 280, "415", 1.0, "sweet coffee", ALL_YEAR),
    ("Bakery", "Rolls", "Roll", "Wheat roll", 60, "731", 1.8, "bread savoury", ALL_YEAR),
    ("Bakery", "Rolls", "Roll", "Rye roll", 80, "621", 1.8, "bread savoury plants", ALL_YEAR),
    ("Bakery", "Rolls", "Pretzel", "Butter pretzel", 210, "642", 1.0, "savoury coffee", ALL_YEAR),
    ("Bakery", "Rolls", "Seed roll", "Pumpkin seed roll", 95, "521", 1.5, "bread plants", ALL_YEAR),
    ("Bakery", "Bread", "Sourdough", "Sourdough loaf", 580, "313", 4.0, "bread plants savoury", ALL_YEAR),
    ("Bakery", "Bread", "Sourdough", "Half a sourdough loaf", 310, "213", 2.0, "bread plants", ALL_YEAR),
    ("Bakery", "Bread", "Rye bread", "Rye loaf", 540, "213", 4.0, "bread savoury", ALL_YEAR),
    ("Bakery", "Bread", "Spelt bread", "Spelt loaf", 620, "203", 4.0, "bread plants", ALL_YEAR),
    ("Bakery", "Bread", "Baguette", "Baguette", 260, "235", 2.5, "bread savoury", ALL_YEAR),
    ("Bakery", "Bread", "Plaited loaf", "Plaited milk loaf", 640, "100", 9.0, "bread sweet", ALL_YEAR),
    ("Bakery", "Bread", "Walnut bread", "Walnut loaf", 690, "102", 4.0, "bread savoury", AUTUMN | WINTER),
    ("Bakery", "Cakes", "Cheesecake", "Slice of cheesecake", 420, "017", 1.2, "sweet coffee", ALL_YEAR),
    ("Bakery", "Cakes", "Carrot cake", "Slice of carrot cake", 400, "017", 1.0, "sweet", ALL_YEAR),
    ("Bakery", "Cakes", "Chocolate cake", "Slice of chocolate cake", 430, "018", 1.2, "sweet", ALL_YEAR),
    ("Bakery", "Cakes", "Chocolate cake", "Slice of vegan chocolate cake", 440, "014", 1.0, "plants sweet", ALL_YEAR),
    ("Bakery", "Cakes", "Apple cake", "Slice of apple cake", 380, "118", 1.3, "sweet coffee", ALL_YEAR),
    ("Bakery", "Cakes", "Plum cake", "Slice of plum cake", 390, "118", 1.5, "sweet", frozenset({8, 9, 10})),
    ("Bakery", "Cakes", "Strawberry tart", "Strawberry tart", 460, "129", 1.5, "sweet", frozenset({5, 6, 7})),
    ("Bakery", "Cakes", "Rhubarb cake", "Slice of rhubarb cake", 390, "117", 1.3, "sweet", frozenset({4, 5, 6})),
    ("Bakery", "Cakes", "Macaroon", "Coconut macaroon", 150, "125", 1.0, "sweet plants", ALL_YEAR),
    ("Bakery", "Biscuits", "Christmas biscuits", "Bag of Christmas biscuits", 790, "235", 1.5, "sweet", CHRISTMAS),
    ("Bakery", "Biscuits", "Shortbread", "Shortbread finger", 180, "224", 1.0, "sweet coffee", ALL_YEAR),
    ("Kitchen", "Soups", "Tomato soup", "Tomato soup with bread", 650, "081", 0.6, "savoury plants", ALL_YEAR),
    ("Kitchen", "Soups", "Lentil soup", "Lentil soup with bread", 690, "071", 0.6, "plants savoury", ALL_YEAR),
    ("Kitchen", "Soups", "Pumpkin soup", "Pumpkin soup with bread", 690, "091", 0.6, "plants", AUTUMN | WINTER),
    ("Kitchen", "Soups", "Cold cucumber soup", "Cold cucumber soup", 650, "071", 0.6, "savoury", SUMMER),
    ("Kitchen", "Sandwiches", "Cheese sandwich", "Alpine cheese sandwich", 590, "181", 0.8, "savoury bread", ALL_YEAR),
    ("Kitchen", "Sandwiches", "Ham sandwich", "Ham and pickle sandwich", 620, "171", 0.8, "savoury", ALL_YEAR),
    ("Kitchen", "Sandwiches", "Hummus sandwich", "Hummus and carrot sandwich", 590, "071", 0.8, "plants", ALL_YEAR),
    ("Kitchen", "Sandwiches", "Egg sandwich", "Egg and cress sandwich", 560, "261", 0.8, "savoury", ALL_YEAR),
    ("Kitchen", "Hot dishes", "Quiche", "Leek quiche", 680, "081", 1.0, "savoury", ALL_YEAR),
    ("Kitchen", "Hot dishes", "Flatbread", "Onion flatbread", 640, "062", 1.0, "savoury bread", ALL_YEAR),
    ("Kitchen", "Salads", "Grain salad", "Barley and herb salad", 720, "070", 0.7, "plants savoury", ALL_YEAR),
    ("Kitchen", "Salads", "Asparagus salad", "Asparagus salad", 850, "070", 0.8, "plants", frozenset({4, 5, 6})),
    ("Kitchen", "Breakfast", "Porridge", "Porridge with apple", 480, "510", 1.0, "plants sweet", ALL_YEAR),
    ("Drinks", "Coffee", "Espresso", "Espresso", 240, "535", 1.0, "coffee", ALL_YEAR),
    ("Drinks", "Coffee", "Cappuccino", "Cappuccino", 360, "936", 1.1, "coffee sweet", ALL_YEAR),
    ("Drinks", "Coffee", "Cappuccino", "Oat cappuccino", 390, "624", 1.0, "coffee plants", ALL_YEAR),
    ("Drinks", "Coffee", "Filter coffee", "Filter coffee", 290, "734", 1.0, "coffee bread savoury", ALL_YEAR),
    ("Drinks", "Coffee", "Iced coffee", "Iced coffee", 420, "336", 1.0, "coffee", SUMMER),
    ("Drinks", "Tea", "Black tea", "Pot of black tea", 340, "326", 1.0, "sweet savoury", ALL_YEAR),
    ("Drinks", "Tea", "Mint tea", "Fresh mint tea", 360, "234", 1.0, "plants", ALL_YEAR),
    ("Drinks", "Chocolate", "Hot chocolate", "Hot chocolate", 380, "316", 1.2, "sweet", AUTUMN | WINTER),
    ("Drinks", "Cold drinks", "Lemonade", "Elderflower lemonade", 390, "057", 1.0, "sweet plants", SPRING | SUMMER),
    ("Drinks", "Cold drinks", "Apple juice", "Apple juice", 320, "244", 1.0, "plants savoury bread", ALL_YEAR),
    ("Drinks", "Cold drinks", "Water", "Bottle of water", 250, "153", 1.0, "savoury bread", ALL_YEAR),
)  # fmt: skip

PRODUCTS = tuple(
    Product(
        f"B{number:03d}", name, department, category, kind, cents,
        Weights(*map(int, weights)), saturday, frozenset(tastes.split()), months,
    )
    for number, (department, category, kind, name, cents, weights, saturday, tastes, months) in enumerate(_MENU, 1)
)  # fmt: skip

FIRST_NAMES = (
    "Ada", "Bela", "Cyril", "Dilan", "Edda", "Femi", "Greta", "Hana", "Ivo", "Jonna", "Kaspar", "Leila", "Milo",
    "Nadja", "Oskar", "Paola", "Quirin", "Rosa", "Selma", "Timo", "Ursina", "Vito", "Wanda", "Xenia", "Yusuf", "Zora",
)  # fmt: skip
LAST_NAMES = (
    "Acker", "Birnbaum", "Calder", "Dorn", "Ebner", "Falk", "Gries", "Holm", "Immer", "Jost", "Kern", "Linden", "Marin",
    "Nolde", "Oberon", "Pohl", "Quade", "Rauch", "Sommer", "Tann", "Ulmen", "Vogelsang", "Wiese", "Yldiz", "Zobel",
)  # fmt: skip
TOWNS = ("Altwasser", "Birkenau am See", "Drei Linden", "Hohenfurt", "Mühlbach", "Seewinkel")
