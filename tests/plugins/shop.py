"""What people write to a shop, and what nobody writes to one."""

EXAMPLES = {
    "hours": ["When do you open?", "Are you open on Sunday?", "What are your opening hours?",
              "When does the shop close?", "Until what time can I come?", "Is it open today?"],
    "returns": ["I want my money back", "How do I return a pair of shoes?", "Can I send this back?",
                "What is your refund policy?", "I'd like to return my order", "Refund my slippers"],
    "delivery": ["Where is my parcel?", "When will my lamp arrive?", "Track my shipment",
                 "My package has not come", "How many days does delivery take?",
                 "Is it on its way?"],
}  # fmt: skip
TEXTS = [text for texts in EXAMPLES.values() for text in texts]
LABELS = [label for label, texts in EXAMPLES.items() for _ in texts]
OUTSIDE = [f"The {animal} lives in the {place}." for animal in ("owl", "bear", "fox", "hen")
           for place in ("wood", "barn", "hills")]  # fmt: skip
