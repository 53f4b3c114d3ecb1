//! Names for runs that were given none, in MLflow's form: `brisk-tern-412`.

use rand::RngExt;
use rand::seq::IndexedRandom;

const QUALITIES: &[&str] = &[
    "able", "amber", "apt", "bold", "brave", "bright", "brisk", "calm", "candid", "clear",
    "clever", "cosy", "crisp", "deft", "eager", "fair", "fast", "fine", "firm", "fleet", "fond",
    "fresh", "gentle", "glad", "grand", "hale", "honest", "keen", "kind", "light", "lively",
    "loyal", "lucid", "mellow", "merry", "mild", "modest", "neat", "nimble", "noble", "patient",
    "plain", "proud", "quick", "quiet", "rapid", "ready", "salty", "serene", "sharp", "silent",
    "smooth", "sound", "spry", "stable", "stern", "still", "stoic", "sturdy", "sunny", "swift",
    "tidal", "tidy", "true", "upbeat", "vivid", "warm", "wary", "wise", "witty",
];

const CREATURES: &[&str] = &[
    "auk",
    "avocet",
    "barnacle",
    "bass",
    "bream",
    "burbot",
    "clam",
    "cod",
    "conch",
    "coot",
    "cormorant",
    "crab",
    "crane",
    "curlew",
    "dab",
    "dolphin",
    "dunlin",
    "eel",
    "egret",
    "eider",
    "flounder",
    "gannet",
    "garfish",
    "goby",
    "godwit",
    "goose",
    "grebe",
    "guillemot",
    "gull",
    "haddock",
    "halibut",
    "hake",
    "heron",
    "herring",
    "kelp",
    "krill",
    "lamprey",
    "limpet",
    "ling",
    "lobster",
    "loon",
    "mackerel",
    "merlin",
    "mussel",
    "narwhal",
    "orca",
    "osprey",
    "otter",
    "oyster",
    "perch",
    "petrel",
    "pike",
    "plover",
    "porpoise",
    "prawn",
    "puffin",
    "ray",
    "roach",
    "salmon",
    "scallop",
    "scoter",
    "seal",
    "shrimp",
    "skua",
    "smelt",
    "snipe",
    "sprat",
    "squid",
    "starling",
    "stork",
    "swan",
    "teal",
    "tern",
    "trout",
    "tuna",
    "turnstone",
    "urchin",
    "walrus",
    "whale",
    "wigeon",
    "wrasse",
];

pub(crate) fn run_name() -> String {
    let mut rng = rand::rng();
    let quality = QUALITIES.choose(&mut rng).copied().unwrap_or("plain");
    let creature = CREATURES.choose(&mut rng).copied().unwrap_or("tern");
    format!("{quality}-{creature}-{}", rng.random_range(0..1000))
}

/// uuid4 in 32 hexadecimal digits.
pub(crate) fn new_id() -> String {
    uuid::Uuid::new_v4().simple().to_string()
}
