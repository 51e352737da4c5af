"""Units, currencies and magnitudes: how they are written, and their names for one and for several."""

from __future__ import annotations

from typing import NamedTuple

from .numbers import word_set


class Unit(NamedTuple):
    """The name of a unit for one and for several."""

    one: str
    several: str


def _regular(**names: str) -> dict[str, Unit]:
    return {written: Unit(name, f"{name}s") for written, name in names.items()}


MICRO = {"s": "second", "A": "amp", "L": "liter", "l": "liter", "V": "volt", "F": "farad", "W": "watt"}
UNITS: dict[str, Unit] = {
    **_regular(
        mm="millimeter", cm="centimeter", m="meter", km="kilometer", nm="nanometer", mi="mile", yd="yard", yds="yard"
    ),
    **_regular(mg="milligram", g="gram", kg="kilogram", lb="pound", lbs="pound", oz="ounce", t="ton", mcg="microgram"),
    **_regular(
        mL="milliliter", ml="milliliter", cl="centiliter", l="liter", L="liter", gal="gallon", qt="quart", pt="pint"
    ),
    **_regular(tbsp="tablespoon", tsp="teaspoon", cal="calorie", kcal="kilocalorie", kJ="kilojoule"),
    **_regular(kB="kilobyte", KB="kilobyte", MB="megabyte", GB="gigabyte", TB="terabyte", PB="petabyte", kb="kilobit"),
    **_regular(KiB="kibibyte", MiB="mebibyte", GiB="gibibyte", TiB="tebibyte", EB="exabyte", ZB="zettabyte"),
    **_regular(
        Mb="megabit",
        Mbit="megabit",
        Gbit="gigabit",
        Tbit="terabit",
        kbit="kilobit",
        Gb="gigabit",
        Tb="terabit",
        V="volt",
        kV="kilovolt",
        mV="millivolt",
        W="watt",
        kW="kilowatt",
        MW="megawatt",
    ),
    **_regular(GW="gigawatt", mA="milliamp", Wh="watt hour", kWh="kilowatt hour", MWh="megawatt hour", dB="decibel"),
    **_regular(mAh="milliamp hour", Pa="pascal", hPa="hectopascal", kPa="kilopascal", ha="hectare", ac="acre"),
    **_regular(
        sec="second", secs="second", s="second", ms="millisecond", min="minute", mins="minute", hr="hour", hrs="hour"
    ),
    **_regular(
        h="hour", wk="week", wks="week", mo="month", mos="month", yr="year", yrs="year", px="pixel", MP="megapixel"
    ),
    **{"Hz": Unit("hertz", "hertz"), "kHz": Unit("kilohertz", "kilohertz"), "MHz": Unit("megahertz", "megahertz")},
    **{
        "GHz": Unit("gigahertz", "gigahertz"),
        "ft": Unit("foot", "feet"),
        "in": Unit("inch", "inches"),
        "µm": Unit("micron", "microns"),
    },
    **{"Ω": Unit("ohm", "ohms"), "kΩ": Unit("kiloohm", "kiloohms"), "µg": Unit("microgram", "micrograms")},
    **{"°C": Unit("degree celsius", "degrees celsius"), "°F": Unit("degree fahrenheit", "degrees fahrenheit")},
    **{"℃": Unit("degree celsius", "degrees celsius"), "℉": Unit("degree fahrenheit", "degrees fahrenheit")},
    **{f"\u00b5{short}": Unit(f"micro{name}", f"micro{name}s") for short, name in MICRO.items()},
    **_regular(ns="nanosecond"),
    **_regular(
        µW="microwatt", mW="milliwatt", mmol="millimole", mol="mole", kN="kilonewton", nF="nanofarad", pF="picofarad"
    ),
    **_regular(
        kohm="kiloohm",
        TWh="terawatt hour",
        Ah="amp hour",
        dL="deciliter",
        dl="deciliter",
        GJ="gigajoule",
        MJ="megajoule",
    ),
    **_regular(K="kelvin", A="amp"),
    **{
        "°": Unit("degree", "degrees"),
        "º": Unit("degree", "degrees"),
        "%": Unit("percent", "percent"),
        "‰": Unit("per mille", "per mille"),
    },
    **{"ºC": Unit("degree celsius", "degrees celsius"), "ºF": Unit("degree fahrenheit", "degrees fahrenheit")},
    **{"mph": Unit("mile per hour", "miles per hour"), "kph": Unit("kilometer per hour", "kilometers per hour")},
    **{
        "rpm": Unit("revolution per minute", "revolutions per minute"),
        "fps": Unit("frame per second", "frames per second"),
    },
    **{"bpm": Unit("beat per minute", "beats per minute"), "mpg": Unit("mile per gallon", "miles per gallon")},
    **{"psi": Unit("pound per square inch", "pounds per square inch"), "dpi": Unit("dot per inch", "dots per inch")},
    **{"bps": Unit("bit per second", "bits per second"), "kbps": Unit("kilobit per second", "kilobits per second")},
    **{
        "Mbps": Unit("megabit per second", "megabits per second"),
        "Gbps": Unit("gigabit per second", "gigabits per second"),
    },
    **{"Tbps": Unit("terabit per second", "terabits per second"), "Bps": Unit("byte per second", "bytes per second")},
    **{
        "KBps": Unit("kilobyte per second", "kilobytes per second"),
        "MBps": Unit("megabyte per second", "megabytes per second"),
    },
    **{"GBps": Unit("gigabyte per second", "gigabytes per second")},
    **{"sq ft": Unit("square foot", "square feet"), "sq m": Unit("square meter", "square meters")},
    **{"sq km": Unit("square kilometer", "square kilometers"), "sq mi": Unit("square mile", "square miles")},
    **{"sq. ft": Unit("square foot", "square feet"), "sq. mi": Unit("square mile", "square miles")},
    **{"sq. m": Unit("square meter", "square meters"), "sq. km": Unit("square kilometer", "square kilometers")},
    **{"sq in": Unit("square inch", "square inches"), "sq. in": Unit("square inch", "square inches")},
    **{"cu ft": Unit("cubic foot", "cubic feet"), "cu. ft": Unit("cubic foot", "cubic feet")},
    **{
        "fl oz": Unit("fluid ounce", "fluid ounces"),
        "fl. oz": Unit("fluid ounce", "fluid ounces"),
        "cc": Unit("c c", "c c"),
        "°K": Unit("kelvin", "kelvins"),
    },
    **{"kn": Unit("knot", "knots"), "ppm": Unit("part per million", "parts per million")},
}

NEEDS_NO_SPACE = frozenset({"in", "t", "ac", "pt", "mo", "cal", "MP", "ha"})
"""Units that are also words or names; behind a space they are not read as units."""

ANY_CASE = word_set("km kg mph kph gb mb tb kb ghz mhz khz hz kwh cm mm lbs lb ft oz ml db rpm bpm fps mbps gbps kbps")
"""Units that are read whatever the case of their letters."""

MAGNITUDES = {
    **{
        "k": "thousand",
        "K": "thousand",
        "m": "million",
        "M": "million",
        "mn": "million",
        "mm": "million",
        "MM": "million",
    },
    **{
        "b": "billion",
        "B": "billion",
        "bn": "billion",
        "Bn": "billion",
        "t": "trillion",
        "T": "trillion",
        "tn": "trillion",
    },
    **{name: name for name in ("hundred", "thousand", "million", "billion", "trillion", "quadrillion")},
}


class Currency(NamedTuple):
    """The names of a currency and of its hundredth part, for one and for several."""

    one: str
    several: str
    cent: str = "cent"
    cents: str = "cents"


DOLLAR = Currency("dollar", "dollars")
EURO = Currency("euro", "euros")
POUND = Currency("pound", "pounds", "penny", "pence")
YEN = Currency("yen", "yen", "sen", "sen")

CURRENCIES: dict[str, Currency] = {
    **{
        "$": DOLLAR,
        "US$": Currency("u s dollar", "u s dollars"),
        "A$": Currency("australian dollar", "australian dollars"),
    },
    **{
        "C$": Currency("canadian dollar", "canadian dollars"),
        "€": EURO,
        "£": POUND,
        "¥": YEN,
        "₹": Currency("rupee", "rupees", "paisa", "paise"),
    },
    **{"₽": Currency("ruble", "rubles"), "₩": Currency("won", "won"), "₿": Currency("bitcoin", "bitcoins")},
    **{"₪": Currency("shekel", "shekels"), "₺": Currency("lira", "lira"), "฿": Currency("baht", "baht")},
    **{"₫": Currency("dong", "dong"), "₴": Currency("hryvnia", "hryvnias"), "₦": Currency("naira", "naira")},
    **{"R$": Currency("real", "reais"), "HK$": Currency("hong kong dollar", "hong kong dollars")},
    **{"₡": Currency("colon", "colons"), "₲": Currency("guarani", "guaranis"), "₵": Currency("cedi", "cedis")},
    **{"₭": Currency("kip", "kip"), "₮": Currency("tugrik", "tugriks"), "₸": Currency("tenge", "tenge")},
    **{"₼": Currency("manat", "manat"), "₾": Currency("lari", "lari"), "₣": Currency("franc", "francs")},
    **{"₤": Currency("lira", "lire"), "৳": Currency("taka", "taka"), "៛": Currency("riel", "riels")},
    **{"NZ$": Currency("new zealand dollar", "new zealand dollars"), "₱": Currency("peso", "pesos")},
}

CODES: dict[str, Currency] = {
    **{
        "USD": Currency("u s dollar", "u s dollars"),
        "EUR": EURO,
        "GBP": Currency("british pound", "british pounds", "penny", "pence"),
    },
    **{"JPY": YEN, "CHF": Currency("swiss franc", "swiss francs"), "CAD": CURRENCIES["C$"], "AUD": CURRENCIES["A$"]},
    **{"INR": CURRENCIES["₹"], "CNY": Currency("yuan", "yuan"), "SEK": Currency("swedish krona", "swedish kronor")},
    **{"DKK": Currency("danish krone", "danish kroner"), "NOK": Currency("norwegian krone", "norwegian kroner")},
    **{
        "PLN": Currency("zloty", "zlotys"),
        "ZAR": Currency("rand", "rand"),
        "SGD": Currency("singapore dollar", "singapore dollars"),
    },
    **{
        "KRW": CURRENCIES["₩"],
        "RUB": CURRENCIES["₽"],
        "BRL": CURRENCIES["R$"],
        "HKD": CURRENCIES["HK$"],
        "THB": CURRENCIES["฿"],
    },
    **{
        "CZK": Currency("czech koruna", "czech korunas"),
        "HUF": Currency("forint", "forints"),
        "AED": Currency("dirham", "dirhams"),
    },
    **{"kr": Currency("krona", "kronor")},
    **{"NZD": CURRENCIES["NZ$"], "MXN": Currency("mexican peso", "mexican pesos"), "BTC": CURRENCIES["₿"]},
}
