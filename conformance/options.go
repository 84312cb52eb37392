package conformance

import (
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/sockspec/sockspec/conformance/script"
	"github.com/sockspec/sockspec/sock"
	"github.com/sockspec/sockspec/tcpstate"
)

// Options are the caller's wishes for one run; the zero value has Google's defaults.
type Options struct {
	// Args are --name=value options as on a command line. They win over those at the top of the script (config.c of Google's
	// runner parses the script's first and the command line's second).
	Args []script.Option
	// Tolerance overrides everything that says how far an event may be off, unless HasTolerance is false.
	Tolerance    time.Duration
	HasTolerance bool
	Seed         uint64 // for stacks that draw at random
	Profile      string // for stacks that have profiles
}

// Addresses that Google's runner takes by default (config.c). The local ones it draws at random unless told; here they are those
// of its run_all.py, since scripts with fast-open cookies depend on them.
var (
	defaultRemoteV4  = netip.MustParsePrefix("192.0.2.1/24")
	defaultLocalV4   = netip.MustParseAddr("192.168.0.1")
	defaultGatewayV4 = netip.MustParseAddr("192.168.0.1")
	defaultRemoteV6  = netip.MustParsePrefix("2001:db8::1/32")
	defaultLocalV6   = netip.MustParseAddr("fd3d:fa7b:d17d:6::6")
	defaultGatewayV6 = netip.MustParseAddr("fd3d:fa7b:d17d:8888::")
)

// ipVersion is the flavour of --ip_version.
type ipVersion uint8

const (
	ipv4 ipVersion = iota
	ipv4Mapped
	ipv6
)

// config is what the options of one run add up to.
type config struct {
	version          ipVersion
	bindPort         uint16
	connectPort      uint16
	setup            Setup
	tolerance        tcpstate.Duration
	tolerancePercent float64
	tsTick           int64 // microseconds per tick of TS val, 0: not compared
	tsEcrScaled      bool
	strictSegments   bool
}

// newConfig applies the script's options and then the caller's to Google's defaults.
func newConfig(s *script.Script, o Options) (config, error) {
	c := config{
		bindPort: 8080, connectPort: 8080,
		tolerance: 4 * tcpstate.Millisecond, tolerancePercent: 12.5,
		setup: Setup{
			LocalV4: defaultLocalV4, RemoteV4: defaultRemoteV4.Addr(), GatewayV4: defaultGatewayV4, PrefixV4: 16,
			LocalV6: defaultLocalV6, RemoteV6: defaultRemoteV6.Addr(), GatewayV6: defaultGatewayV6, PrefixV6: 48,
			MTU: 1500, Seed: o.Seed, Profile: o.Profile,
		},
	}
	if err := c.apply(append(append([]script.Option(nil), s.Options...), o.Args...)); err != nil {
		return c, err
	}
	if c.setup.MTU < minMTU6 { // a link without IPv6
		c.setup.LocalV6, c.setup.RemoteV6, c.setup.GatewayV6, c.setup.PrefixV6 = netip.Addr{}, netip.Addr{}, netip.Addr{}, 0
	}
	if o.HasTolerance {
		c.tolerance = o.Tolerance.Microseconds()
		if c.tolerance == 0 {
			c.tolerancePercent = 0 // exact means exact
		}
	}
	return c, nil
}

// apply sets all options in order. A mistake comes before what is merely not had here: it is one on every stack.
func (c *config) apply(all []script.Option) (missing error) {
	// The flavour decides what the address options mean, wherever it stands.
	for _, opt := range all {
		if opt.Name == "ip_version" {
			if !c.setVersion(opt.Value) {
				return &badOption{option: opt, expected: versions}
			}
		}
	}
	for _, opt := range all {
		if known := knownOptions(); !slices.Contains(known, opt.Name) {
			return &badOption{opt, anOption, didYouMean(opt.Name, "--", known)}
		}
		var w wanted
		switch err := c.set(opt); {
		case errors.As(err, &w):
			return &badOption{option: opt, expected: string(w)}
		case err != nil && missing == nil:
			missing = fmt.Errorf("option --%s: %w", opt.Name, err)
		}
	}
	return missing
}

const versions = "ipv4, ipv4-mapped-ipv6 or ipv6"

func (c *config) setVersion(v string) bool {
	switch v {
	case "ipv4":
		c.version = ipv4
	case "ipv4-mapped-ipv6":
		c.version = ipv4Mapped
	case "ipv6":
		c.version = ipv6
	default:
		return false
	}
	return true
}

// set applies one option of those that are known.
func (c *config) set(o script.Option) (err error) {
	switch o.Name {
	case "bind_port":
		c.bindPort, err = portOf(o.Value)
	case "connect_port":
		c.connectPort, err = portOf(o.Value)
	case "mtu":
		var mtu int64
		least := int64(minMTU)
		if c.version == ipv6 {
			least = minMTU6
		}
		mtu, err = wholeOf(o.Value, least, maxMTU)
		c.setup.MTU = int(mtu)
	case "tolerance_usecs":
		c.tolerance, err = wholeOf(o.Value, 0, maxMicros)
	case "tolerance_percent":
		c.tolerancePercent, err = percentOf(o.Value)
	case "tcp_ts_tick_usecs":
		c.tsTick, err = wholeOf(o.Value, 0, maxTick)
	case "tcp_ts_ecr_scaled":
		c.tsEcrScaled = true
	case "strict_segments":
		c.strictSegments = true
	case "local_ip", "remote_ip", "gateway_ip":
		return c.setAddress(o.Name, o.Value)
	default:
		if slices.Contains(foreignOptions, o.Name) {
			return ErrUnsupported
		}
	}
	return err
}

// setAddress takes an address with or without a prefix length.
func (c *config) setAddress(name, value string) error {
	if i := strings.IndexByte(value, '/'); i >= 0 {
		value = value[:i]
	}
	a, err := netip.ParseAddr(value)
	switch {
	case c.version == ipv6 && (err != nil || a.Is4()):
		return wanted("an IPv6 address, as --ip_version says")
	case c.version != ipv6 && (err != nil || !a.Is4()):
		return wanted("an IPv4 address, as --ip_version says")
	}
	v4, v6 := map[string]*netip.Addr{"local_ip": &c.setup.LocalV4, "remote_ip": &c.setup.RemoteV4, "gateway_ip": &c.setup.GatewayV4},
		map[string]*netip.Addr{"local_ip": &c.setup.LocalV6, "remote_ip": &c.setup.RemoteV6, "gateway_ip": &c.setup.GatewayV6}
	if a.Is4() {
		*v4[name] = a
	} else {
		*v6[name] = a
	}
	return nil
}

// Limits of what options say. The MTU's are the least that RFC 791 and RFC 8200 let a link have and the most that the length field of IPv4
// can describe; the others keep sums of times far from overflow.
const (
	minMTU, minMTU6, maxMTU = 68, 1280, 65535

	maxMicros  = 1e15 // of a tolerance: as long as a script can be
	maxTick    = 1e9  // microseconds
	maxPercent = 1e5
)

func portOf(s string) (uint16, error) {
	n, err := wholeOf(s, 0, 65535)
	return uint16(n), err
}

func wholeOf(s string, least, most int64) (int64, error) {
	n, err := strconv.ParseInt(s, 10, 64)
	if err != nil || n < least || n > most {
		return 0, wanted(fmt.Sprintf("a whole number from %d to %d", least, most))
	}
	return n, nil
}

func percentOf(s string) (float64, error) {
	v, err := strconv.ParseFloat(s, 64)
	if err != nil || !(v >= 0 && v <= maxPercent) { // so put, it refuses NaN too
		return 0, wanted(fmt.Sprintf("a percentage from 0 to %d", int(maxPercent)))
	}
	return v, nil
}

// local, remote: the addresses on the wire.
func (c *config) local() netip.Addr {
	if c.version == ipv6 {
		return c.setup.LocalV6
	}
	return c.setup.LocalV4
}

func (c *config) remote() netip.Addr {
	if c.version == ipv6 {
		return c.setup.RemoteV6
	}
	return c.setup.RemoteV4
}

// family is the socket domain that `...` stands for.
func (c *config) family() int32 {
	if c.version == ipv4 {
		return afInet
	}
	return afInet6
}

// sockAddr is what a call passes for `...`: the mapped form on an AF_INET6 socket that speaks IPv4.
func (c *config) sockAddr(a netip.Addr, port uint16) sock.Addr {
	if c.version == ipv4Mapped {
		a = netip.AddrFrom16(a.As16())
	}
	return sock.Addr{Family: uint16(c.family()), AP: netip.AddrPortFrom(a, port)}
}
