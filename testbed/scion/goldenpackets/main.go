// Goldenpackets writes the packets of the golden tests with the reference's own packet library: as they reach a
// router, and as they must leave it. It reads descriptions (JSON) and writes hexadecimal bytes (JSON).
//
//	node_modules/.bin/node test/golden/reference/describe.ts | go -C testbed/scion run ./goldenpackets > test/golden/reference/packets.json
package main

import (
	"encoding/hex"
	"encoding/json"
	"fmt"
	"hash"
	"os"

	"github.com/gopacket/gopacket"
	"github.com/scionproto/scion/pkg/addr"
	"github.com/scionproto/scion/pkg/scrypto"
	"github.com/scionproto/scion/pkg/slayers"
	"github.com/scionproto/scion/pkg/slayers/path"
	"github.com/scionproto/scion/pkg/slayers/path/scion"
)

// segment lists interfaces in the order of travel: in, out.
type segment struct {
	ConsDir bool
	Peer    bool
	Hops    [][2]uint16
}

type description struct {
	Name         string
	Key          string
	IA           string
	Src, Dst     string
	SrcHost      string
	DstHost      string
	NextHeader   uint8
	Payload      string
	Segments     []segment
	CurrHf       int
	Timestamp    uint32
	ExpTime      uint8
	IngressAlert bool
	EgressAlert  bool
	// FromInside: the packet comes from the router's own AS.
	FromInside bool
	// ToSibling: another router of the AS has the egress interface.
	ToSibling bool
}

type packets struct {
	In  string `json:"in"`
	Out string `json:"out,omitempty"`
}

// segID is the SegID under which all MACs of a description are computed.
const segID = 0x1234

func main() {
	var input struct {
		Digest       string
		Descriptions []description
	}
	check(json.NewDecoder(os.Stdin).Decode(&input))
	written := make(map[string]packets, len(input.Descriptions))
	for _, d := range input.Descriptions {
		written[d.Name] = d.packets()
	}
	output := json.NewEncoder(os.Stdout)
	output.SetEscapeHTML(false)
	output.SetIndent("", "  ")
	check(output.Encode(map[string]any{"digest": input.Digest, "packets": written}))
}

func (d description) packets() packets {
	key, err := hex.DecodeString(d.Key)
	check(err)
	mac, err := scrypto.InitMac(key)
	check(err)
	decoded := d.path(mac)
	raw, err := decoded.ToRaw()
	check(err)
	in := d.serialize(raw)

	var arrived slayers.SCION
	check(arrived.DecodeFromBytes(in, gopacket.NilDecodeFeedback))
	here, err := addr.ParseIA(d.IA)
	check(err)
	result := packets{In: hex.EncodeToString(in)}
	if arrived.DstIA == here {
		return result
	}
	travelled, ok := arrived.Path.(*scion.Raw)
	if !ok {
		check(fmt.Errorf("%s: path of type %T", d.Name, arrived.Path))
	}
	if d.forward(travelled, mac) {
		result.Out = hex.EncodeToString(d.serialize(travelled))
	}
	return result
}

func (d description) path(mac hash.Hash) scion.Decoded {
	var p scion.Decoded
	p.PathMeta.CurrHF = uint8(d.CurrHf)
	for index, s := range d.Segments {
		info := path.InfoField{Peer: s.Peer, ConsDir: s.ConsDir, SegID: segID, Timestamp: d.Timestamp}
		first := p.NumHops
		for _, pair := range s.Hops {
			hop := path.HopField{IngressRouterAlert: d.IngressAlert, EgressRouterAlert: d.EgressAlert,
				ExpTime: d.ExpTime, ConsIngress: pair[0], ConsEgress: pair[1]}
			if !s.ConsDir {
				hop.ConsIngress, hop.ConsEgress = pair[1], pair[0]
			}
			hop.Mac = path.MAC(mac, info, hop, nil)
			p.HopFields = append(p.HopFields, hop)
			p.NumHops++
		}
		p.PathMeta.SegLen[index] = uint8(len(s.Hops))
		if d.CurrHf >= first && d.CurrHf < p.NumHops {
			p.PathMeta.CurrINF = uint8(index)
			if !s.ConsDir && !d.FromInside && !d.peering(info) {
				info.UpdateSegID(p.HopFields[d.CurrHf].Mac)
			}
		}
		p.InfoFields = append(p.InfoFields, info)
		p.NumINF++
	}
	return p
}

// peering tells whether the packet stands at one side of a peering link.
func (d description) peering(info path.InfoField) bool {
	boundary := len(d.Segments[0].Hops)
	return info.Peer && (d.CurrHf == boundary-1 || d.CurrHf == boundary)
}

// forward takes the router's step over the path. False where a MAC is wrong or the path ends.
func (d description) forward(p *scion.Raw, mac hash.Hash) bool {
	info, hop := current(p)
	peering := d.peering(info)
	if !info.ConsDir && !d.FromInside && !peering {
		info.UpdateSegID(hop.Mac)
		check(p.SetInfoField(info, int(p.PathMeta.CurrINF)))
	}
	if path.MAC(mac, info, hop, nil) != hop.Mac {
		return false
	}
	last := p.PathMeta.CurrHF
	if p.IsXover() && !peering {
		check(p.IncPath())
		info, hop = current(p)
		if path.MAC(mac, info, hop, nil) != hop.Mac {
			return false
		}
	}
	if d.ToSibling {
		return true
	}
	if info.ConsDir && (!peering || p.PathMeta.CurrHF != last) {
		info.UpdateSegID(hop.Mac)
		check(p.SetInfoField(info, int(p.PathMeta.CurrINF)))
	}
	return p.IncPath() == nil
}

func current(p *scion.Raw) (path.InfoField, path.HopField) {
	info, err := p.GetCurrentInfoField()
	check(err)
	hop, err := p.GetCurrentHopField()
	check(err)
	return info, hop
}

func (d description) serialize(p path.Path) []byte {
	payload, err := hex.DecodeString(d.Payload)
	check(err)
	header := slayers.SCION{FlowID: 1, NextHdr: slayers.L4ProtocolType(d.NextHeader), PathType: scion.PathType, Path: p}
	header.SrcIA, err = addr.ParseIA(d.Src)
	check(err)
	header.DstIA, err = addr.ParseIA(d.Dst)
	check(err)
	check(header.SetSrcAddr(addr.MustParseHost(d.SrcHost)))
	check(header.SetDstAddr(addr.MustParseHost(d.DstHost)))
	buffer := gopacket.NewSerializeBuffer()
	options := gopacket.SerializeOptions{FixLengths: true}
	check(gopacket.SerializeLayers(buffer, options, &header, gopacket.Payload(payload)))
	return append([]byte(nil), buffer.Bytes()...)
}

func check(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, "goldenpackets:", err)
		os.Exit(1)
	}
}
