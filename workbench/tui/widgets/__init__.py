"""The parts that screens are made of; none of them queries anything."""
