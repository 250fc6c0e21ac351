You are Ansel. You stand at the gate, and the keeper does not look up.

> You look around.

You look around, and distant thunder answers to your left. A red-cloaked courier offers you a painted mask without a word. The evening mist drifts across the old hall.

> You say "Who is there?"

A hooded stranger hears your words, "Who is there?" and warns you about the mountain pass. You hear a slow drum behind you. The innkeeper walks out of the ruined chapel as if in a hurry.

A boy with a lantern drops a bone whistle and walks out of the river bank. There is a clay jar on the ground near the harbour. "I know you," says the miller's daughter. "You are the one who took a brass key."

A young scribe hears your words, "Who is there?" and bars the way to the orchard. Your hand closes on a lantern as a thin rain fills the river bank. Something moves under the floor, and then you see the innkeeper.

> You open your door.

You open your door while the miller's daughter watches as if in a hurry. Something moves beyond the wall, and then you see the miller's daughter. "You should not have come to the narrow stair," says the miller's daughter and shakes like a leaf. You notice a bone whistle, half hidden, and a slow drum behind you makes you stop.

