You are Ansel. You stand at the gate, and the keeper does not look up.

> You look around.

You look around, and distant thunder answers to your left. A red-cloaked courier offers you a painted mask without a word. The evening mist drifts across the old hall.

> You look around.

You look around, and distant thunder answers to your left. A red-cloaked courier offers you a painted mask without a word. The evening mist drifts across the old hall.

You look around, and a low voice answers behind you. The miller's daughter offers you a wooden chest very slowly. You hear the creak of a cart somewhere above. Somewhere above, the cry of a gull breaks the silence.

You look around, and under your fingers is a bone whistle. You hear a low voice at the edge of sight. A grey-haired ferryman walks out of the watchtower as if in a hurry. The narrow stair lies quiet, and a thin rain touches your face.

> You look around.

You look around, and under your fingers is a bone whistle. You hear a low voice at the edge of sight. A grey-haired ferryman walks out of the watchtower as if in a hurry. The narrow stair lies quiet, and a thin rain touches your face.

The gate falls into the sea.

> You ask the keeper what he saw.

Before you ask the keeper what he saw, you take a breath, and a dog's bark rings out at the edge of sight. The captain of the guard keeps watch over the watchtower as though nothing happened. "I know you," says the innkeeper. "You are the one who took a lantern." Behind you, running water breaks the silence.

Night comes.

You find a clay jar in the shadow of the narrow stair. A red-cloaked courier offers you a silver coin without a word.

The captain of the guard drops a coil of rope and bars the way to the cellar. "You should not have come to the market square," says a red-cloaked courier very slowly. To your left, the creak of a cart breaks the silence.

> You say "Where did it go?"

"Where did it go?" you repeat, and a grey-haired ferryman nods as though nothing happened. Something moves to your left, and then you see a grey-haired ferryman. The miller's daughter offers you a folded letter as if in a hurry.

> You walk to your boat.

You walk to your boat, but an old woman with a basket bars the way to the narrow stair. Close at hand, the crack of a branch breaks the silence. The river bank lies quiet, and a salt breeze touches your face. A limping soldier drops a brass key and warns you about the cellar.

You find a painted mask in the shadow of the watchtower. At the edge of sight, a slow drum breaks the silence.

