package main

import "fmt"

// bug is a single-point change of one file.
type bug struct {
	Name  string
	Class string // section of RFC 2525, or the kind of slip
	// Near, if not empty, is a text that occurs once in the file; Old is then the
	// first one from there on. Else Old itself occurs once.
	Near string
	Old  string // a whole expression or whole statements
	New  string // what replaces it; nothing for statements left out
}

// file is a source file with its bugs, by its path from the module's root.
type file struct {
	Path string
	Bugs []bug
}

// numbered is a bug with its number, 1 for the first of allBugs, and file.
type numbered struct {
	bug
	N    int
	Path string
}

// number gives the bugs of some files numbers, from first on.
func number(first int, files ...file) (all []numbered) {
	for _, f := range files {
		for _, b := range f.Bugs {
			all = append(all, numbered{b, first + len(all), f.Path})
		}
	}
	return all
}

// allBugs are all that the tests must kill.
func allBugs() []numbered {
	var files []file
	for _, room := range [...][]file{queueBugs, segmentBugs, ackBugs, timerBugs, dataBugs, closeBugs, handshakeBugs, listenBugs, waitBugs, callBugs} {
		files = append(files, room...)
	}
	return number(1, files...)
}

// String names the bug and its place.
func (b numbered) String() string { return fmt.Sprintf("%s (%s, %s)", b.Name, b.Class, b.Path) }
