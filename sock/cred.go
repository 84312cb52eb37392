package sock

import (
	"slices"

	"github.com/sockspec/sockspec/queue"
)

// Capability is a set of Linux capabilities that the calls here ask for. They
// are held in the user namespace that owns the network namespace, so what a
// process may do here says nothing of other hosts (ns_capable).
type Capability uint8

// The capabilities.
const (
	CapNetBindService Capability = 1 << iota
	CapNetRaw
	CapNetAdmin
	CapSysAdmin    // more files than fs.file-max
	CapSysResource // a hard limit above the present one
	CapSetUID
	CapSetGID
	numCaps = iota

	allCaps Capability = 1<<numCaps - 1
)

// Cred is who a process is (struct cred). The zero value is root without
// capabilities.
type Cred struct {
	UID, EUID, SUID      uint32 // real, effective, saved
	GID, EGID, SGID      uint32
	Groups               []uint32
	Permitted, Effective Capability

	bound Capability // what execve may give (the bounding set)
}

// capable reports whether the caller has one of the capabilities (ns_capable).
func (h *Host) capable(any Capability) bool { return h.proc.cred.Effective&any != 0 }

// Cred tells who a thread's process is; the zero value when the thread has ended.
func (h *Host) Cred(id Thread) Cred {
	p := h.procs[0]
	if t := h.findThread(id); t != nil {
		if t.proc == noProc {
			return Cred{}
		}
		p = h.procs[t.proc]
	}
	if p == nil {
		return Cred{}
	}
	c := p.cred
	c.Groups = slices.Clone(c.Groups)
	return c
}

// InGroup reports whether gid is the process's own or one of its groups
// (in_egroup_p).
func (c *Cred) InGroup(gid uint32) bool {
	return c.EGID == gid || slices.Contains(c.Groups, gid)
}

// sysSetresuid is setresuid(2): IDs are real, effective and saved, -1 leaves
// one. Without CAP_SETUID each must be one that the process has already.
func sysSetresuid(h *Host, t *thread) outcome {
	c := &h.proc.cred
	old := *c
	if !setIDs(t.call.IDs, [3]*uint32{&c.UID, &c.EUID, &c.SUID}, h.capable(CapSetUID)) {
		return fail(EPERM)
	}
	c.leftRoot(&old)
	return done(0)
}

// sysSetresgid is setresgid(2).
func sysSetresgid(h *Host, t *thread) outcome {
	c := &h.proc.cred
	if !setIDs(t.call.IDs, [3]*uint32{&c.GID, &c.EGID, &c.SGID}, h.capable(CapSetGID)) {
		return fail(EPERM)
	}
	return done(0)
}

// setIDs writes the numbers that are wanted, if all may be had.
func setIDs(want [3]int32, have [3]*uint32, free bool) bool {
	old := [3]uint32{*have[0], *have[1], *have[2]}
	for _, w := range want {
		if w != -1 && !free && !slices.Contains(old[:], uint32(w)) {
			return false
		}
	}
	for i, w := range want {
		if w != -1 {
			*have[i] = uint32(w)
		}
	}
	return true
}

// leftRoot takes capabilities away from who gives up being root: all when none
// of the three ids is 0 any more, those in effect when the effective one is not;
// it brings them back to an effective 0 (cap_emulate_setxuid).
func (c *Cred) leftRoot(old *Cred) {
	was := old.UID == 0 || old.EUID == 0 || old.SUID == 0
	is := c.UID == 0 || c.EUID == 0 || c.SUID == 0
	switch {
	case was && !is:
		c.Permitted, c.Effective = 0, 0
	case old.EUID == 0 && c.EUID != 0:
		c.Effective = 0
	case old.EUID != 0 && c.EUID == 0:
		c.Effective = c.Permitted
	}
}

// sysSetgroups is setgroups(2): Groups replace the supplementary ones.
func sysSetgroups(h *Host, t *thread) outcome {
	const most = 65536 // NGROUPS_MAX
	switch {
	case !h.capable(CapSetGID):
		return fail(EPERM)
	case len(t.call.Groups) > most:
		return fail(EINVAL)
	}
	h.proc.cred.Groups = slices.Clone(t.call.Groups)
	slices.Sort(h.proc.cred.Groups)
	return done(0)
}

// sysCapset is capset(2): N is what is to be in effect, Arg what is permitted.
// Nothing can be added to what is permitted, nor be in effect without being so
// (cap_capset).
func sysCapset(h *Host, t *thread) outcome {
	c := &h.proc.cred
	effective, permitted := Capability(t.call.N)&allCaps, Capability(t.call.Arg)&allCaps
	if permitted&^c.Permitted != 0 || effective&^permitted != 0 {
		return fail(EPERM)
	}
	c.Effective, c.Permitted = effective, permitted
	return done(0)
}

// exec is what a new program gets: root everything, others nothing, as the file
// carries none (cap_bprm_creds_from_file).
func (c *Cred) exec() {
	c.SUID, c.SGID = c.EUID, c.EGID
	switch {
	case c.EUID == 0:
		c.Permitted, c.Effective = c.bound, c.bound
	case c.UID == 0:
		c.Permitted, c.Effective = c.bound, 0
	default:
		c.Permitted, c.Effective = 0, 0
	}
}

// fingerprint feeds who the process is.
func (c *Cred) fingerprint(f *queue.Hash) {
	for _, v := range [...]uint32{c.UID, c.EUID, c.SUID, c.GID, c.EGID, c.SGID} {
		f.U32(v)
	}
	for _, g := range c.Groups {
		f.U32(g)
	}
	f.U32(uint32(c.Permitted)<<16 | uint32(c.Effective)<<8 | uint32(c.bound))
}
