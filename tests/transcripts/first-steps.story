You are Ansel. You stand at the gate, and the keeper does not look up.

> You look around.

You look around while a red-cloaked courier watches and shakes like a leaf. The harbour lies quiet, and a cold wind touches your face. There is a rusted sword on the ground near the harbour.

> You say "Who is there?"

Your "Who is there?" echoes through the mountain pass until the crack of a branch drowns it. Something moves to your left, and then you see the miller's daughter. The salt marsh lies quiet, and a flurry of snow touches your face. A grey-haired ferryman drops a bone whistle and bars the way to the narrow stair.

A limping soldier bars the way to the old hall with a crooked smile. Your hand closes on a folded letter as a shaft of sunlight fills the ruined chapel.

Your "Who is there?" echoes through the market square until the scrape of a boot drowns it. There is a brass key on the ground near the birch wood. "You should not have come to the river bank," says a grey-haired ferryman and shakes like a leaf. The watchtower lies quiet, and a thin rain touches your face.

> You open your door.

You open your door, and under your fingers is a rusted sword. The innkeeper offers you a sealed bottle without a word. The captain of the guard keeps watch over the harbour with great care. You find a wooden chest in the shadow of the mountain pass.

