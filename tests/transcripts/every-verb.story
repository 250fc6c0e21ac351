You are Ansel. You stand at the gate, and the keeper does not look up.

> You look around.

You look around while a red-cloaked courier watches and shakes like a leaf. The harbour lies quiet, and a cold wind touches your face. There is a rusted sword on the ground near the harbour.

> You look around.

You look around while a red-cloaked courier watches and shakes like a leaf. The harbour lies quiet, and a cold wind touches your face. There is a rusted sword on the ground near the harbour.

You look around while a boy with a lantern watches very slowly. You find a clay jar in the shadow of the orchard. The miller's daughter offers you a silver coin as though nothing happened. "I know you," says the miller's daughter. "You are the one who took a clay jar."

You look around, and under your fingers is a folded letter. The captain of the guard drops a silver coin and walks out of the old hall. You notice a folded letter, half hidden, and a low voice to your left makes you stop.

> You look around.

You look around, and under your fingers is a folded letter. The captain of the guard drops a silver coin and walks out of the old hall. You notice a folded letter, half hidden, and a low voice to your left makes you stop.

The gate falls into the sea.

> You ask the keeper what he saw.

You ask the keeper what he saw while a hooded stranger watches without a word. Your hand closes on a wooden chest as a thin rain fills the old hall. You notice a coil of rope, half hidden, and a low voice to your left makes you stop.

Night comes.

"I know you," says an old woman with a basket. "You are the one who took a bone whistle." At the edge of sight, distant thunder breaks the silence. The old hall lies quiet, and the first light of dawn touches your face.

There is a coil of rope on the ground near the salt marsh. Your hand closes on a brass key as the evening mist fills the birch wood.

> You say "Where did it go?"

"Where did it go?" you repeat, and the innkeeper nods as though nothing happened. The mountain pass lies quiet, and the first light of dawn touches your face. Under the floor, a bell breaks the silence. Something moves beyond the wall, and then you see a hooded stranger.

> You walk to your boat.

You walk to your boat, but the captain of the guard turns away from the river bank. Your hand closes on a brass key as a salt breeze fills the narrow stair. You find a clay jar in the shadow of the river bank.

You notice a sealed bottle, half hidden, and the cry of a gull under the floor makes you stop. "I know you," says the captain of the guard. "You are the one who took a brass key."

