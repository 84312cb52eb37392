package gvisor

import "github.com/sockspec/sockspec/conformance"

// Command carries out the one shell command that a stack in process can: a
// sysctl, as conformance.SysctlCommand writes it. The others are an error that
// wraps conformance.ErrUnsupported.
func (in *Instance) Command(cmd string) error {
	if in.closed {
		return errClosed
	}
	name, value, ok := conformance.ParseSysctl(cmd)
	if !ok {
		return unsupported("command %q: there is no shell in process, only sysctl", cmd)
	}
	return in.sysctl(name, value)
}
