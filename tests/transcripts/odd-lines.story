You are Ansel. You stand at the gate, and the keeper does not look up.

> You [/] [bold]x[/bold] [@click=app.quit]y[/].

As you [/] [bold]x[/bold] [@click=app.quit]y[/], a shaft of sunlight sweeps through the orchard. A shaft of sunlight drifts across the ruined chapel. You notice a silver coin, half hidden, and the scrape of a boot at the edge of sight makes you stop.

> You say "Give the lamp to me."

Your "Give the lamp to me." echoes through the market square until the creak of a cart drowns it. The first light of dawn drifts across the ruined chapel. Your hand closes on a brass key as a cold wind fills the birch wood. The ruined chapel lies quiet, and the evening mist touches your face.

> You take the lamp.

You take the lamp while the miller's daughter watches as though nothing happened. "I know you," says a hooded stranger. "You are the one who took a painted mask." Your hand closes on a wooden chest as a salt breeze fills the narrow stair. You hear the scrape of a boot from the far side.

> You say "Run!"

The innkeeper hears your words, "Run!" and speaks softly of the salt marsh. There is a wooden chest on the ground near the salt marsh. A boy with a lantern offers you a sealed bottle with a crooked smile.

> You'll go.

You You'll go, and distant thunder answers under the floor. You notice a wooden chest, half hidden, and distant thunder at the edge of sight makes you stop. A grey-haired ferryman speaks softly of the river bank as though nothing happened. You hear the cry of a gull from the far side.

> You {name} {{braces}}.

You {name} {{braces}}, and under your fingers is a lantern. A grey-haired ferryman offers you a lantern as though nothing happened. The watchtower lies quiet, and a shaft of sunlight touches your face. There is a lantern on the ground near the old hall.

> …

You hear a low voice from the far side. "You should not have come to the orchard," says the captain of the guard with a crooked smile. A young scribe warns you about the watchtower and shakes like a leaf.

