package sock

import (
	"net/netip"

	"github.com/sockspec/sockspec/queue"
	"github.com/sockspec/sockspec/tcpstate"
	"github.com/sockspec/sockspec/tcpstate/rule"
)

// HostConfig describes a network namespace before anything happens in it. The
// zero value of each field has a use: no addresses but loopback, Ethernet's
// MTU, the profile of a current kernel, all capabilities.
type HostConfig struct {
	// Addrs are the addresses of the one link beside loopback, with the prefix
	// of the network that is reachable directly. The first of a family is the
	// source address of connections that leave (no more specific rule is kept).
	Addrs []netip.Prefix
	// MTU of the link, octets; 0 means 1500. Loopback has 65536.
	MTU uint32
	// Device is the link's name, of 1 to 15 octets; "" means "tun0". Its interface
	// index is 2; loopback is "lo", with 1.
	Device string
	// Unreachable has no default route: addresses outside Addrs are ENETUNREACH.
	Unreachable bool
	// Seed of all that the host draws by chance.
	Seed uint64
	// Profile is the kernel to be; nil means Linux.
	Profile *Profile
	// NoCaps takes capabilities away from the first process, which is root, and
	// from all that come of it.
	NoCaps Capability
	// MaxFiles is the first process's limit of descriptors (RLIMIT_NOFILE); 0 means 1024.
	MaxFiles int32
	// FirstFile is the lowest descriptor that processes give out, as if the lower ones were
	// open: 3 for a program with standard streams.
	FirstFile int32
	// Hooks are asked before things are done; none by default.
	Hooks Hooks
}

// Host is one network namespace with the processes that live in it: descriptors,
// sockets, listeners, connections, parked threads. Several namespaces are several
// hosts, with links between them; a process lives in one. It is a state machine:
// the same inputs give the same effects. It is not safe for use by several
// goroutines, and is copied with Clone.
type Host struct {
	// The processes; fileCount is of all of them, and counts what a blocked
	// accept has ready. proc is whose thread is calling (current); it means
	// nothing while a packet is handled.
	procs     []*process // nil where free; the first is there from the beginning
	proc      *process
	caller    int32 // the thread that is calling, or noCaller
	lastPID   int32
	fileCount int32
	hooks     Hooks

	addrs       []netip.Prefix // never written
	mtu         uint32
	device      string
	noRoute     bool
	sysctl      sysctls
	tcp         *tcpstate.Config // made from sysctl; never written, replaced on change
	rand        rand
	secret      uint64 // of SYN cookies
	fixed       choices
	now         Time
	files       []file // by fileID
	spareFiles  slots
	socks       []*sock // by sockID; nil where free
	spareSocks  slots
	epolls      []epoll // by index
	spareEpolls slots
	threads     []thread
	threadAt    []int32      // by Thread: where its record is, plus one
	ports       []*bucket    // bind table, in order of port
	groupSerial uint32       // of the latest reuseport group
	groups      []reuseGroup // by sock.group less one; free ones are empty
	flows       map[flow]sockID
	requests    requestTable
	timers      queue.Deadlines[timer]
	raws        chainTable[uint16] // RAW sockets that receive, by protocol
	pings       chainTable[uint16] // ping sockets by number
	pingRover   uint16             // the last number that was given out
	icmp        icmpLimits
	frags       fragTable
	ipID        uint16 // of the last packet that may be fragmented
	paths       []path // narrower than the link, oldest first
	pathGens    uint32
	fast        fastHost
	udp         udpTable
	listens     chainTable[netip.AddrPort]
	tcpCount    int32 // TCP sockets in being (CR-22)
	twCount     int32 // timewait buckets in being (tw_refcount)
	count       Counters
	challenges  challenges
	cookies     uint64 // the latest SO_COOKIE
	anycasts    int32  // addresses that sockets have joined

	sparePorts []*bucket // memory for ports to come

	// What follows lives during one input only.
	out     []Effect
	conn    []tcpstate.Output // outputs of the machine under way
	req     []tcpstate.Output // outputs of a request
	due     []overdue         // requests that a sweep found
	arena   []byte            // bytes that effects refer to
	stamps  uint64            // see stamp
	run     []Thread          // woken, to be looked at; outlives an input of maxRounds
	loop    []Packet          // to an address of our own, under way
	backlog backlog           // of the connection whose call is under way, among them
	cuts    []Packet          // what the latest packet leaves as
	whole   Packet            // put together from fragments
	// looped is the one of them that is being delivered.
	looped Packet
	// trimmed is a packet that a program has made shorter.
	trimmed Packet
	view    filterView    // of a packet, for the program under way
	spare   [][]byte      // memory of datagrams that were read
	heir    tcpstate.Heir // left by a TIME-WAIT to the connect under way, if TSRecentAt is not 0
	dev     int32         // by which the packet under way came in (inet_iif)
	dscp    uint8         // that the segment under way came with
}

// New makes a host. Fields of cfg that are out of range are bounded.
func New(cfg HostConfig) *Host {
	p := cfg.Profile
	if p == nil {
		p = &Linux
	}
	h := &Host{
		addrs: append([]netip.Prefix(nil), cfg.Addrs...), mtu: cfg.MTU, noRoute: cfg.Unreachable,
		rand: rand(cfg.Seed), flows: map[flow]sockID{}, udp: newUDPTable(),
		listens: newChains[netip.AddrPort](listenChain), raws: newChains[uint16](rawChain), pings: newChains[uint16](pingChain),
	}
	if h.mtu == 0 {
		h.mtu = 1500
	}
	if h.device = cfg.Device; h.device == "" {
		h.device = "tun0"
	}
	h.device = h.device[:min(len(h.device), ifNameSize-1)]
	h.mtu = min(max(h.mtu, 68), 65535)
	seed := rand(^cfg.Seed)
	h.secret = seed.next()
	h.sysctl.init(p)
	h.tcp = h.sysctl.config(p)
	h.proc = newProcess(cfg.FirstFile, cfg.MaxFiles, allCaps&^cfg.NoCaps)
	h.procs, h.lastPID = []*process{h.proc}, firstPID
	h.hooks = cfg.Hooks
	return h
}

// Now is the time of the latest input.
func (h *Host) Now() Time { return h.now }

// enter begins an input. Time never runs backwards; an earlier now counts as
// the latest.
func (h *Host) enter(now Time, out []Effect) {
	h.now = max(h.now, now)
	h.out = out
	h.arena = h.arena[:0]
	h.caller = noCaller
}

// leave ends an input: what was woken looks again, what went to ourselves is
// delivered, until nothing is left to do.
func (h *Host) leave() []Effect {
	h.settle()
	out := h.out
	h.out = nil
	return out
}

// emit appends an effect without packet and return.
func (h *Host) emit(k EffectKind, why rule.ID, s sockID) *Effect {
	e := queue.Next(&h.out)
	e.Kind, e.Why, e.Sock = k, why, int32(s)
	return e
}

// grab takes n bytes of the arena. They stay valid until the next input.
func (h *Host) grab(n int) []byte {
	at := len(h.arena)
	if at+n > cap(h.arena) {
		// Earlier slices keep the old memory; it is garbage after this input.
		h.arena = make([]byte, 0, 2*cap(h.arena)+n)
		at = 0
	}
	h.arena = h.arena[:at+n]
	return h.arena[at : at+n : at+n]
}

// maxRounds bounds the work that one input can cause through loopback: two ends
// of this host that answer each other.
const maxRounds = 1 << 16

// settle delivers looped packets and runs woken threads, in the order in which
// they came up; packets first, since Linux delivers to ourselves from a softirq or
// as the caller lets go of its lock (release_sock), before a thread that was woken
// gets the processor.
func (h *Host) settle() { h.settleWithin(maxRounds) }

// settleWithin is settle of so many rounds.
func (h *Host) settleWithin(rounds int) {
	for range rounds {
		switch {
		case len(h.loop) > 0:
			h.deliverNext()
		case len(h.run) > 0:
			t := h.run[0]
			h.run = h.run[:copy(h.run, h.run[1:])]
			h.resume(t)
		default:
			return
		}
		if len(h.loop) == 0 {
			h.releaseBacklog()
		}
	}
	// More than one input may do: packets are lost, as where the queue of a CPU is
	// full (enqueue_to_backlog), and threads go on with the next input (Deadline).
	h.releaseBacklog()
	for range h.loop {
		h.emit(Dropped, rule.NoMemory, noSock)
	}
	h.loop = h.loop[:0]
}

// deliverNext delivers the oldest packet that went to ourselves.
func (h *Host) deliverNext() {
	p := &h.looped
	*p = h.loop[0]
	h.loop = h.loop[:copy(h.loop, h.loop[1:])]
	if h.dev = p.Dev; h.dev == 0 {
		h.dev = deviceOf(p.Dst)
	}
	h.caller = noCaller
	h.deliverLooped(p)
}

// Deliver takes a packet that arrives from the link.
func (h *Host) Deliver(now Time, p *Packet, out []Effect) []Effect {
	h.enter(now, out)
	h.dev = linkIndex
	switch k := h.kindOf(p.Dst); {
	case h.martian(p):
		h.emit(Dropped, rule.Martian, noSock)
	case k == addrUnicast, k == addrAny, k == addrMulticast && !h.member(p.Dst, p.Src, h.dev):
		h.emit(Dropped, rule.NotForUs, noSock)
	default:
		h.deliver(p)
	}
	return h.leave()
}

// deliverLooped takes a packet that the host has sent to itself. Whoever it
// names as destination, it is for us: the way out said so. What a RAW socket
// made is read first; what the host made leaves its checksum to a card, and
// there is none.
func (h *Host) deliverLooped(p *Packet) {
	p.partial = !p.Opaque && !p.summed
	if p.Opaque {
		size, many, tag := p.truesize, p.toMany, p.tag
		if !readWire(p.Wire, p) {
			h.emit(Dropped, rule.RawBadHeader, noSock)
			return
		}
		p.truesize, p.toMany, p.tag = size, many, tag
	}
	p.looped = true
	h.deliver(p)
}
