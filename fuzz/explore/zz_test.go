package explore
import ("testing";"context";"fmt";"github.com/sockspec/sockspec/fuzz";"github.com/sockspec/sockspec/tcpstate";"github.com/sockspec/sockspec/tcpstate/rule")
func TestZZ(t *testing.T){
 var roots []Root
 for _,n:=range fuzz.Solos(){roots=append(roots,Root{n.Name,solo{n.State}})}
 s:=Search{Roots:roots,States:3000000,SettleEach:0,Depth:3}
 r:=s.Run(context.Background())
 fmt.Println(len(roots),r.States,r.Moves,r.Depth,r.Stopped,r.Elapsed,r.Rate(),r.Bytes/r.States)
 if r.Broken!=nil{fmt.Println(r.Way, r.Broken)}
 for _,e:=range tcpstate.Edges(){if !r.Cover.HasEdge(e.From,e.To){fmt.Println("no",e)}}
 n:=0
 for _,id:=range rule.All(){ if id<256||id<rule.SynQueueFull {if r.Cover.HasRule(id){n++}else{fmt.Println("no",id)}}}
 fmt.Println(n)
}
