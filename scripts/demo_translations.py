"""The texts of the demo's menu in other languages, by their English text."""

LANGUAGES = ("de", "fr", "es", "it", "ar")

TRANSLATIONS: dict[str, tuple[str, str, str, str, str]] = {
    # Categories
    "Starters": ("Vorspeisen", "Entrées", "Entrantes", "Antipasti", "المقبلات"),
    "Mains": ("Hauptgerichte", "Plats", "Platos principales", "Secondi", "الأطباق الرئيسية"),
    "Wine": ("Wein", "Vins", "Vinos", "Vini", "النبيذ"),
    "Grill": ("Vom Grill", "Grillades", "A la parrilla", "Alla griglia", "المشويات"),
    "Dessert and coffee": (
        "Dessert und Kaffee", "Desserts et café", "Postres y café", "Dolci e caffè",
        "الحلويات والقهوة",
    ),
    # Dishes
    "Fish soup": (
        "Fischsuppe", "Soupe de poisson", "Sopa de pescado", "Zuppa di pesce", "حساء السمك",
    ),
    "With rouille and croutons": (
        "Mit Rouille und Croutons", "Rouille et croûtons", "Con rouille y picatostes",
        "Con rouille e crostini", "مع صلصة الروي وقطع الخبز المحمص",
    ),
    "Tomato salad": (
        "Tomatensalat", "Salade de tomates", "Ensalada de tomate", "Insalata di pomodori",
        "سلطة الطماطم",
    ),
    "Basil, shallots": (
        "Basilikum, Schalotten", "Basilic, échalotes", "Albahaca y chalotas", "Basilico e scalogno",
        "ريحان وكرّاث أندلسي",
    ),
    "Seafood platter": (
        "Meeresfrüchteplatte", "Plateau de fruits de mer", "Mariscada",
        "Gran piatto di frutti di mare", "طبق ثمار البحر",
    ),
    "For two to four": (
        "Für zwei bis vier Personen", "Pour deux à quatre personnes", "Para dos a cuatro personas",
        "Per due o quattro persone", "لشخصين إلى أربعة أشخاص",
    ),
    "Mussels and chips": (
        "Muscheln mit Pommes frites", "Moules-frites", "Mejillones con patatas fritas",
        "Cozze con patatine fritte", "بلح البحر مع البطاطس المقلية",
    ),
    "Ratatouille": ("Ratatouille", "Ratatouille", "Ratatouille", "Ratatouille", "راتاتوي"),
    "Vegan": ("Vegan", "Végétalien", "Vegano", "Vegana", "نباتي صرف"),
    "Muscadet, a bottle": (
        "Muscadet, eine Flasche", "Muscadet, la bouteille", "Muscadet, una botella",
        "Muscadet, una bottiglia", "نبيذ موسكاديه، زجاجة",
    ),
    "0.75 l": ("0,75 l", "75 cl", "0,75 l", "0,75 l", "0.75 لتر"),
    "House red, a glass": (
        "Hauswein rot, ein Glas", "Rouge de la maison, le verre", "Tinto de la casa, una copa",
        "Rosso della casa, un calice", "النبيذ الأحمر للمطعم، كأس",
    ),
    "0.2 l": ("0,2 l", "20 cl", "0,2 l", "0,2 l", "0.2 لتر"),
    "Entrecôte": ("Entrecôte", "Entrecôte", "Entrecot", "Entrecôte", "شريحة أنتركوت"),
    "300 g, with garlic butter": (
        "300 g, mit Knoblauchbutter", "300 g, beurre à l’ail", "300 g, con mantequilla de ajo",
        "300 g, con burro all’aglio", "300 غرام، مع زبدة الثوم",
    ),
    "Sea bass": ("Wolfsbarsch", "Bar grillé", "Lubina", "Branzino", "سمك القاروص"),
    "Grilled whole, with garlic butter": (
        "Im Ganzen gegrillt, mit Knoblauchbutter", "Entier, beurre à l’ail",
        "Entera a la parrilla, con mantequilla de ajo", "Intero alla griglia, con burro all’aglio",
        "مشوي كاملًا، مع زبدة الثوم",
    ),
    "Tart of the day": (
        "Tarte des Tages", "Tarte du jour", "Tarta del día", "Crostata del giorno", "تارت اليوم",
    ),
    "Ask what it is today": (
        "Fragen Sie, welche es heute gibt", "Demandez laquelle c’est aujourd’hui",
        "Pregunte cuál es la de hoy", "Chiedete qual è quella di oggi", "اسأل عن تارت اليوم",
    ),
    "Coffee": ("Kaffee", "Café", "Café", "Caffè", "قهوة"),
    # Options
    "Doneness": ("Garstufe", "Cuisson", "Punto de cocción", "Cottura", "درجة النضج"),
    "Rare": ("Blutig", "Saignant", "Poco hecho", "Al sangue", "قليل النضج"),
    "Medium": ("Rosa", "À point", "Al punto", "Media", "متوسط النضج"),
    "Well done": ("Durchgebraten", "Bien cuit", "Muy hecho", "Ben cotta", "كامل النضج"),
    "Extras": ("Extras", "Suppléments", "Extras", "Aggiunte", "إضافات"),
    "Chips": ("Pommes frites", "Frites", "Patatas fritas", "Patatine fritte", "بطاطس مقلية"),
    "Green salad": (
        "Grüner Salat", "Salade verte", "Ensalada verde", "Insalata verde", "سلطة خضراء",
    ),
    "Béarnaise sauce": (
        "Sauce béarnaise", "Sauce béarnaise", "Salsa bearnesa", "Salsa bernese", "صلصة بيارنيز",
    ),
    "No garlic butter": (
        "Ohne Knoblauchbutter", "Sans beurre à l’ail", "Sin mantequilla de ajo",
        "Senza burro all’aglio", "بدون زبدة الثوم",
    ),
    "Milk": ("Milch", "Lait", "Leche", "Latte", "حليب"),
    "Oat milk": (
        "Haferdrink", "Boisson à l’avoine", "Bebida de avena", "Bevanda d’avena", "حليب الشوفان",
    ),
    "Soy milk": (
        "Sojadrink", "Boisson au soja", "Bebida de soja", "Bevanda di soia", "حليب الصويا",
    ),
}  # fmt: skip


def translations_of(name: str, description: str = "") -> dict[str, dict[str, str]]:
    """A name and a description, which may be empty, in each language. Raises KeyError."""
    names = TRANSLATIONS[name]
    descriptions = TRANSLATIONS[description] if description else ("",) * len(LANGUAGES)
    texts = zip(LANGUAGES, names, descriptions, strict=True)
    return {tag: {"name": each, "description": about} for tag, each, about in texts}
