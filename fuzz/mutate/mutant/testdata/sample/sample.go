// Package sample has an operation of every kind that a mutant can change, in
// every place where weaving it is something else.
package sample

import (
	"fmt"
	"time"
)

type small uint8

type word interface{ ~uint8 | ~uint32 }

const (
	shift = 3
	mask  = 1<<shift - 1
)

var table = [mask + 1]small{mask - 2: 4, 3}

var wait, none = 2*time.Second + time.Millisecond, -1

// fuel ends a loop that a mutant keeps from ending.
var fuel int

func burn() {
	if fuel--; fuel < 0 {
		panic("never ends")
	}
}

func arithmetic(a, b int, c small, f float64) []any {
	return []any{a + b, a - b, a * b, a / b, a % b, -a, +a, a & b, a | b, a ^ b, a &^ b, a << 2, a >> b, 1 << c, c << 1 >> shift,
		small(200) + c, c + 200, c - 1, f * 2, f/2 - 1, a&b == 0, a + b<<1, a | b&3, a&b<<1 + 1, ^a - 1, 7.5 * f}
}

func constants(n int) []any {
	var c small = 1<<4 | 1
	d := []int{1 << 2, 1: 3 * 4, 2: 5%3 + 6/2}
	m := map[small]int{mask & 5: 1}
	switch n {
	case 1 << 1, mask ^ 6:
		n = 9
	}
	const local = 4 - 1
	return []any{c, d, m, n, local, -8, uint8(0xf0 &^ 0x30), wait, none, len(table) - 1, 2 > 1 && n > 1<<1, "a" + "b", 3*time.Second + 4,
		min(n, 5-1), [2]small{1 + 1, 2}, 1<<3 - 1 + n, small(1<<2) * 2}
}

func orders(a, b int, s string) []any {
	seven := a == 7
	p := &a
	return []any{a < b, a <= b, a > b, a >= b, a == b, a != b, s < "m", s == "m", seven != (b == 7), p == nil, p != &b && *p >= 0, !seven}
}

func logic(a, b, c bool) []any {
	var said []string
	say := func(s string, v bool) bool { said = append(said, s); return v }
	r := say("a", a) && say("b", b) || say("c", c) && !say("d", a)
	if say("e", b) || say("f", c) {
		said = append(said, "g")
	}
	return []any{r, said}
}

func assignments(n int) []any {
	a, c, m, s := n, small(n), map[string]int{}, "s"
	x := []int{3, 1, 4}
	at := func() int { m["calls"]++; return 1 }
	a += 2
	a -= 7
	a *= 3
	a /= 2
	a %= 5
	c <<= 2
	c >>= 1
	c |= 8
	c &= 0x7f
	c ^= 5
	c &^= 1
	x[at()] += 2
	x[2]--
	m["k"] += a
	s += "t"
	f := func() { a += n + 1 }
	f()
	for i := 0; i < len(x); i += 2 {
		burn()
		x[i]++
	}
	if a++; a > 3 {
		a *= -1
	}
	return []any{a, c, m, s, x}
}

func loops(n int) (k int) {
outer:
	for i := 0; i < n; i++ {
		burn()
		switch {
		case i == 1:
			continue
		case i == 6:
			break outer
		case i == 4:
			break
		case i == 5:
			continue outer
		default:
			k += i
		}
		for j := range n {
			burn()
			if j == 2 {
				continue
			}
			if j > i {
				break
			}
			k += j
		}
	}
	for {
		burn()
		if k++; k > 20 {
			return k - 1
		}
		if k == 15 {
			continue
		}
	}
}

func generic[T word](x, y T) []any {
	z := x
	z++
	z <<= 1
	return []any{x + y, x << 2, x >> 1, x < y, x - 1, z & 3, T(1) << y, -x}
}

type list[T any] struct{ all []T }

func (l *list[T]) last() (v T) {
	if n := len(l.all); n > 0 {
		return l.all[n-1]
	}
	return v
}

func shadows(small int, c small2) []any { return []any{small + 1, c << 1, 1 << c} }

type small2 = small

// Run is what all of it comes to.
func Run() (out string) {
	for i, f := range []func() any{
		func() any { return arithmetic(13, 6, 9, 2.5) }, func() any { return arithmetic(5, 5, 1, 0) },
		func() any { return constants(2) }, func() any { return constants(4) },
		func() any { return orders(7, 7, "m") }, func() any { return orders(1, 2, "z") },
		func() any { return logic(true, false, true) }, func() any { return logic(false, false, true) }, func() any { return logic(true, true, false) },
		func() any { return assignments(3) }, func() any { return assignments(0) }, func() any { return loops(8) }, func() any { return loops(3) },
		func() any { return generic[uint32](2, 3) }, func() any { return generic[small](255, 255) },
		func() any { return (&list[int]{[]int{1, 2}}).last() }, func() any { return (&list[string]{}).last() },
		func() any { return shadows(3, 2) },
	} {
		out += fmt.Sprintf("%d: %s\n", i, try(f))
	}
	return out
}

func try(f func() any) (out string) {
	fuel = 1000
	defer func() {
		if e := recover(); e != nil {
			out = fmt.Sprint("panic: ", e)
		}
	}()
	return fmt.Sprintf("%#v", f())
}
