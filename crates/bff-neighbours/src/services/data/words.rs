//! The words sample data is made of.

pub(super) const FIRST_NAMES: &[&str] = &[
    "Ada", "Amir", "Beatriz", "Chidi", "Clara", "Dmitri", "Elena", "Emre", "Freya", "Giulia",
    "Hana", "Ibrahim", "Ingrid", "Jonas", "Kaja", "Leila", "Lukas", "Mei", "Milan", "Nadia",
    "Noah", "Oskar", "Priya", "Rosa", "Samuel", "Sofia", "Tomás", "Yuki", "Zeynep", "Zoë",
];

pub(super) const LAST_NAMES: &[&str] = &[
    "Almeida",
    "Andersson",
    "Bauer",
    "Costa",
    "Dubois",
    "Eriksen",
    "Fischer",
    "García",
    "Haddad",
    "Ito",
    "Jansen",
    "Kaya",
    "Kowalski",
    "Lindqvist",
    "Marino",
    "Novák",
    "Okafor",
    "Petrov",
    "Romano",
    "Schneider",
    "Silva",
    "Tanaka",
    "Van Dijk",
    "Weber",
    "Yilmaz",
    "Zhang",
];

pub(super) const CITIES: &[&str] = &[
    "Amsterdam",
    "Barcelona",
    "Berlin",
    "Copenhagen",
    "Dublin",
    "Ghent",
    "Hamburg",
    "Helsinki",
    "Kraków",
    "Lisbon",
    "Lyon",
    "Madrid",
    "Milan",
    "Munich",
    "Oslo",
    "Porto",
    "Prague",
    "Rotterdam",
    "Stockholm",
    "Tallinn",
    "Turin",
    "Vienna",
    "Warsaw",
    "Zürich",
];

pub(super) const STREETS: &[&str] = &[
    "Canal Street",
    "Garden Lane",
    "Harbour Road",
    "Linden Avenue",
    "Mill Lane",
    "Station Square",
];

pub(super) const BRANDS: &[&str] = &[
    "Alder & Co",
    "Brightwell",
    "Fjordlight",
    "Halden",
    "Kestrel",
    "Lumen",
    "Maren",
    "Nordhaus",
    "Oakline",
    "Pinegrove",
    "Solvang",
    "Tindra",
];

pub(super) const ADJECTIVES: &[&str] = &[
    "Classic",
    "Compact",
    "Foldable",
    "Handmade",
    "Insulated",
    "Lightweight",
    "Minimal",
    "Organic",
    "Quiet",
    "Rugged",
    "Slim",
    "Soft",
    "Vintage",
    "Waterproof",
];

pub(super) const MATERIALS: &[&str] =
    &["Bamboo", "Canvas", "Ceramic", "Cork", "Glass", "Leather", "Linen", "Merino", "Oak", "Steel"];

/// Things for sale, each with its category.
pub(super) const THINGS: &[(&str, &str)] = &[
    ("Desk Lamp", "lighting"),
    ("Floor Lamp", "lighting"),
    ("Backpack", "bags"),
    ("Tote Bag", "bags"),
    ("Water Bottle", "outdoor"),
    ("Camping Stove", "outdoor"),
    ("Coffee Grinder", "kitchen"),
    ("Chef's Knife", "kitchen"),
    ("Tea Kettle", "kitchen"),
    ("Blanket", "home"),
    ("Cushion", "home"),
    ("Wall Clock", "home"),
    ("Notebook", "office"),
    ("Monitor Stand", "office"),
    ("Running Jacket", "clothing"),
    ("Wool Socks", "clothing"),
    ("Headphones", "audio"),
    ("Speaker", "audio"),
];

pub(super) const PRAISE: &[&str] = &[
    "Made to be used every day and to look better for it.",
    "Every seam and joint is finished by hand in a small workshop.",
    "It arrives assembled, in packaging that is recycled and can be recycled again.",
    "The surface resists scratches, stains and the occasional spilled coffee.",
    "Spare parts are available for at least ten years.",
    "Light enough to carry, sturdy enough to forget that it is there.",
    "Tested for a thousand cycles before it leaves the factory.",
    "A quiet companion for the desk, the kitchen table or the trail.",
    "The shape follows a design from the nineteen-fifties that never needed improving.",
    "Every batch is numbered, and no two pieces have quite the same grain.",
    "Easy to take apart, easy to clean, and hard to put together wrongly.",
    "Comes with a cotton pouch that is good for other things too.",
];

pub(super) const OPINIONS: &[&str] = &[
    "Does exactly what it promises.",
    "The colour is a little darker than in the photos.",
    "Arrived two days early and well packed.",
    "I bought a second one for my sister.",
    "After three months it still looks new.",
    "A bit smaller than I expected.",
    "The instructions could be clearer.",
    "Worth every cent.",
    "My second one, and not my last.",
    "Customer service answered within the hour.",
];

pub(super) const HEADLINES: &[&str] = &[
    "Exactly what I needed",
    "Good, with a catch",
    "Lovely",
    "Not for me",
    "Solid quality",
    "Would buy again",
];

pub(super) const NOTES: &[&str] = &[
    "Called about a late parcel; offered a voucher, declined.",
    "Prefers e-mail to telephone.",
    "Changed the delivery address after dispatch; parcel rerouted by the carrier.",
    "Asked for an invoice with a different company name.",
    "Complained about a coupon that had expired the day before.",
    "Asked twice to merge two accounts; second account could not be verified.",
    "Refund outside the usual window approved by team lead.",
    "Reported a damaged item with photos; replaced without return.",
];

/// Specifications and the values they can have; `#` stands for a number.
pub(super) const SPECS: &[(&str, &[&str])] = &[
    ("Assembly", &["Not required", "# minutes"]),
    ("Battery", &["None", "# mAh, exchangeable"]),
    ("Cable length", &["# cm"]),
    ("Capacity", &["# ml"]),
    ("Care", &["Hand wash", "Wipe clean"]),
    ("Certification", &["CE", "FSC", "GOTS"]),
    ("Colour", &["Forest green", "Natural", "Slate grey"]),
    ("Country of origin", &["Estonia", "Italy", "Portugal"]),
    ("Depth", &["# mm"]),
    ("Diameter", &["# mm"]),
    ("Energy class", &["A", "B", "Not applicable"]),
    ("Finish", &["Brushed", "Matte", "Polished"]),
    ("Height", &["# mm"]),
    ("Impact class", &["IK05", "IK08"]),
    ("Item weight", &["# g"]),
    ("Lining", &["Cotton", "None"]),
    ("Material", &["Bamboo", "Linen", "Steel"]),
    ("Model year", &["2025", "2026"]),
    ("Noise level", &["Below # dB"]),
    ("Number of parts", &["#"]),
    ("Package depth", &["# mm"]),
    ("Package weight", &["# g"]),
    ("Pattern", &["Plain", "Striped"]),
    ("Power", &["# W"]),
    ("Recycled share", &["At least half", "None"]),
    ("Season", &["All year", "Summer", "Winter"]),
    ("Stackable", &["No", "Yes, up to #"]),
    ("Warranty", &["# weeks"]),
    ("Water resistance", &["IPX4", "IPX7", "None"]),
    ("Width", &["# mm"]),
];
