// Package explore walks every state that the machine can reach within bounds.
//
// A [World] is a state of what is walked: two endpoints and the channel between
// them, one endpoint and whatever a peer may send, a whole host. [Search] visits
// its states breadth first, each once, by fingerprint, and holds every step
// against the laws of package fuzz. Since it goes breadth first, the way to the
// first state that shows a thing is a shortest one. Where roots have leads, the
// walk goes on from all states along them at once: the way that is told is the
// shortest that was walked, with the moves along the lead counted.
//
// A visited state costs two words: its fingerprint and the move that led to it.
// The state itself is made again from the way there when its turn comes, which
// is cheap, since the core does millions of steps a second. Several workers
// walk at once; what is found does not depend on how many.
package explore
