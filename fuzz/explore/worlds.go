package explore

import "github.com/sockspec/sockspec/fuzz"

// What package fuzz can walk, as Worlds.
type (
	duo  struct{ *fuzz.Duo }
	solo struct{ *fuzz.Solo }
)

func (d duo) Clone() World  { return duo{d.Duo.Clone()} }
func (s solo) Clone() World { return solo{s.Solo.Clone()} }

type host struct{ *fuzz.HostWalk }

func (w host) Clone() World { return host{w.HostWalk.Clone()} }

type hostSolo struct{ *fuzz.HostSolo }

func (w hostSolo) Clone() World { return hostSolo{w.HostSolo.Clone()} }

type scene struct{ *fuzz.Scene }

func (w scene) Clone() World { return scene{w.Scene.Clone()} }
