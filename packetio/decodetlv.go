package packetio

import "github.com/sockspec/sockspec/sock"

// optionDrops are the drops by what is wrong with a list of IPv6 options.
var optionDrops = [...]*DropError{
	sock.OptionsBroken: dropExtTLV, sock.OptionsJumbo: dropJumbo, sock.OptionsLabel: dropExtLabel, sock.OptionsUnknown: dropExtUnknown,
}

// checkTLVs judges the options of a hop-by-hop or destination header.
func checkTLVs(b []byte, hopByHop bool) error {
	if f := sock.IP6Options(b, hopByHop); f != sock.OptionsSound {
		return optionDrops[f]
	}
	return nil
}
