package tcpstate

import (
	"testing"
	"unsafe"
)

// TestIdleConnectionIsUnder1KiB keeps the promise of the README's table.
func TestIdleConnectionIsUnder1KiB(t *testing.T) {
	if n := unsafe.Sizeof(Conn{}); n > 1024 {
		t.Errorf("an endpoint takes %d bytes", n)
	}
	t.Logf("an endpoint takes %d bytes, a buffer %d", unsafe.Sizeof(Conn{}), unsafe.Sizeof(buffer{}))
}
