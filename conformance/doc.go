// Package conformance runs packetdrill scripts on TCP/IP stacks and says where a stack does something else than the script
// expects.
//
// [Run] is the engine: it plays one parsed script on one [Stack] and gives a [Result]. Its semantics are those of Google's
// runner (gtests/net/packetdrill, run*.c), so that a script passes here where it passes there; README.md lists the extensions.
//
// The engine never looks at a wall clock: all times are the instance's own, virtual or real.
package conformance
