You are Ansel. You stand at the gate, and the keeper does not look up.

> You [/] [bold]x[/bold] [@click=app.quit]y[/].

You [/] [bold]x[/bold] [@click=app.quit]y[/] while a grey-haired ferryman watches as though nothing happened. You notice a silver coin, half hidden, and the creak of a cart at the edge of sight makes you stop. A cold wind drifts across the cellar.

> You say "Give the lamp to me."

Your "Give the lamp to me." echoes through the narrow stair until a slow drum drowns it. The ruined chapel lies quiet, and the evening mist touches your face. "You should not have come to the mountain pass," says a limping soldier as if in a hurry. The captain of the guard drops a sealed bottle and walks out of the watchtower.

> You take the lamp.

You take the lamp, and under your fingers is a lantern. A hooded stranger drops a brass key and speaks softly of the market square. "I know you," says a hooded stranger. "You are the one who took a lantern." Something moves at the edge of sight, and then you see an old woman with a basket.

> You say "Run!"

Your "Run!" echoes through the birch wood until the crack of a branch drowns it. The market square lies quiet, and the smell of smoke touches your face. You find a silver coin in the shadow of the salt marsh. The smell of smoke drifts across the ruined chapel.

> You'll go.

You You'll go, and the crack of a branch answers under the floor. A grey-haired ferryman offers you a silver coin and shakes like a leaf. Your hand closes on a torn map as a shaft of sunlight fills the orchard.

> You {name} {{braces}}.

You {name} {{braces}}, and distant thunder answers from the far side. The first light of dawn drifts across the ruined chapel. You hear the cry of a gull behind you.

> …

Your hand closes on a rusted sword as the smell of smoke fills the river bank. There is a painted mask on the ground near the old hall.

