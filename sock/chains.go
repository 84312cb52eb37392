package sock

import (
	"fmt"
	"maps"

	"github.com/sockspec/sockspec/queue"
)

// chain names a hash table that a socket can be in.
type chain uint8

const (
	listenChain chain = iota // listeners by address and port (lhash2)
	portChain                // UDP by port (udp_table.hash)
	addrChain                // UDP by address and port (hash2)
	peerChain                // UDP by port and peer (hash4)
	pingChain                // ping sockets by identifier
	rawChain                 // RAW sockets by protocol
	chains
)

// link is a socket's place in one table (struct hlist_node): its neighbours under
// the same key, noSock at the ends.
type link struct {
	on         bool
	next, prev sockID
}

// chainTable finds sockets by a key. Those under one key are a chain, in the order
// in which a lookup goes through it. The links are in the sockets, so that a
// lookup costs as much as there are sockets of that key, and taking one out costs
// the same wherever it stands.
type chainTable[K comparable] struct {
	chain chain
	ends  map[K]chainEnds // only looked up, never walked
	n     int             // sockets in it
}

type chainEnds struct{ first, last sockID }

func newChains[K comparable](c chain) chainTable[K] {
	return chainTable[K]{chain: c, ends: map[K]chainEnds{}}
}

// first is the first socket under a key, nil when there is none.
func (t *chainTable[K]) first(h *Host, k K) *sock {
	e, ok := t.ends[k]
	if !ok {
		return nil
	}
	return h.socks[e.first]
}

// after is the socket that follows s, nil at the end.
func (t *chainTable[K]) after(h *Host, s *sock) *sock { return h.sockAt(s.links[t.chain].next) }

// putFirst and putLast add a socket that is not in the table.
func (t *chainTable[K]) putFirst(h *Host, k K, s *sock) {
	e, some := t.ends[k]
	if !some {
		e = chainEnds{noSock, s.id}
	}
	s.links[t.chain] = link{on: true, next: e.first, prev: noSock}
	if some {
		h.socks[e.first].links[t.chain].prev = s.id
	}
	e.first = s.id
	t.ends[k] = e
	t.n++
}

func (t *chainTable[K]) putLast(h *Host, k K, s *sock) {
	e, some := t.ends[k]
	if !some {
		t.putFirst(h, k, s)
		return
	}
	s.links[t.chain] = link{on: true, next: noSock, prev: e.last}
	h.socks[e.last].links[t.chain].next = s.id
	e.last = s.id
	t.ends[k] = e
	t.n++
}

// add puts a socket where the kernel's sk_add_node_rcu does: first, but last if
// it is of IPv6 with SO_REUSEPORT.
func (t *chainTable[K]) add(h *Host, k K, s *sock) {
	if s.family == AF_INET6 && s.opt.reusePort {
		t.putLast(h, k, s)
		return
	}
	t.putFirst(h, k, s)
}

// drop takes a socket out, if it is in; k is the key that it was put under.
func (t *chainTable[K]) drop(h *Host, k K, s *sock) {
	l := s.links[t.chain]
	if !l.on {
		return
	}
	s.links[t.chain] = link{}
	t.n--
	e := t.ends[k]
	if l.prev == noSock {
		e.first = l.next
	} else {
		h.socks[l.prev].links[t.chain].next = l.next
	}
	if l.next == noSock {
		e.last = l.prev
	} else {
		h.socks[l.next].links[t.chain].prev = l.prev
	}
	if e.first == noSock {
		delete(t.ends, k)
		return
	}
	t.ends[k] = e
}

// holds reports whether the socket is in the table.
func (t *chainTable[K]) holds(s *sock) bool { return s.links[t.chain].on }

// clone copies the table; the links are copied with the sockets.
func (t *chainTable[K]) clone() chainTable[K] {
	return chainTable[K]{t.chain, maps.Clone(t.ends), t.n}
}

// check tests that whoever says that it is in the table is found, once, under the
// key that it has now.
func (t *chainTable[K]) check(h *Host, key func(*sock) K) error {
	n := 0
	for i, s := range h.socks {
		if s == nil || !t.holds(s) {
			continue
		}
		n++
		l, e := s.links[t.chain], t.ends[key(s)]
		next, prev := h.sockAt(l.next), h.sockAt(l.prev)
		switch {
		case next == nil && e.last != s.id, next != nil && (next.links[t.chain].prev != s.id || key(next) != key(s)):
			return fmt.Errorf("socket %d: what follows it in table %d does not know", i, t.chain)
		case prev == nil && e.first != s.id, prev != nil && (prev.links[t.chain].next != s.id || key(prev) != key(s)):
			return fmt.Errorf("socket %d: can't be found in table %d by %v", i, t.chain, key(s))
		}
	}
	if n != t.n {
		return fmt.Errorf("host: %d sockets are in table %d, %d are counted", n, t.chain, t.n)
	}
	return nil
}

// fingerprintLinks feeds the order in which a lookup comes by the socket.
func fingerprintLinks(f *queue.Hash, links *[chains]link) {
	for i := range links {
		if l := &links[i]; l.on {
			f.U64(uint64(i)<<32 | uint64(uint32(l.next)))
			f.U32(uint32(l.prev))
		}
	}
}
