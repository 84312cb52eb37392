package sock

// What the tests of package sock_test look at.
var (
	AppendWire = appendWire
	ReadWire   = readWire
)
