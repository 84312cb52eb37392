package sock

import "fmt"

// checkEpolls: an item stands on its file's wait list, once, and on the ready
// list exactly when it says so.
func checkEpolls(h *Host) error {
	items, watched := 0, 0
	for i := range h.epolls {
		ep := &h.epolls[i]
		if h.spareEpolls.has(i) == ep.used {
			return fmt.Errorf("epoll %d: is in use: %v, and can be given out", i, ep.used)
		}
		watched += len(ep.watch)
		linked := 0
		for j := range ep.items {
			it := &ep.items[j]
			if it.file == noFile {
				continue
			}
			items++
			linked += int(flag(it.linked))
			if h.files[it.file].kind == fileFree {
				return fmt.Errorf("epoll %d: watches descriptor %d, whose file is closed", i, it.fd)
			}
			if h.epollFind(int32(i), it.fd, it.file) != int32(j) {
				return fmt.Errorf("epoll %d: descriptor %d is not told of events", i, it.fd)
			}
		}
		if linked != ep.ready.Len() {
			return fmt.Errorf("epoll %d: %d items count as ready, %d are on the list", i, linked, ep.ready.Len())
		}
	}
	for _, s := range h.socks {
		if s != nil {
			watched += len(s.watch)
		}
	}
	if watched != items {
		return fmt.Errorf("host: %d items watch, %d places on wait lists are taken", items, watched)
	}
	return nil
}
