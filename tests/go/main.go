// Command main is a stranger to Accord: it reads logs, notes and proofs with Go's own packages
// (golang.org/x/mod/sumdb: note and tlog) alone. It answers requests, a line of JSON each, in order.
//
// A log is read as c2sp.org/tlog-tiles serves it: the tiles of sumdb of height 8, whose paths leave
// the height out, and bundles of entries ("tile/entries/…", a length of two bytes before each).
package main

import (
	"bufio"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"time"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

const (
	height   = 8
	width    = 1 << height
	maxBytes = 1 << 25
)

type request struct {
	Do      string      `json:"do"`
	URL     string      `json:"url"`
	Keys    []string    `json:"keys"`
	Note    []byte      `json:"note"`
	Text    string      `json:"text"`
	Name    string      `json:"name"`
	Secrets []string    `json:"secrets"`
	Size    int64       `json:"size"`
	Root    tlog.Hash   `json:"root"`
	Index   int64       `json:"index"`
	Leaf    tlog.Hash   `json:"leaf"`
	Old     int64       `json:"old"`
	OldRoot tlog.Hash   `json:"old_root"`
	Proof   []tlog.Hash `json:"proof"`
	Indices []int64     `json:"indices"`
	Olds    []int64     `json:"olds"`
}

type answer map[string]any

// open verifies a note and names who signed it.
func open(r request) (answer, error) {
	n, err := verified(r.Note, r.Keys)
	if err != nil {
		return nil, err
	}
	names := make([]string, len(n.Sigs))
	for i, sig := range n.Sigs {
		names[i] = sig.Name
	}
	return answer{"text": n.Text, "signed": names, "unknown": len(n.UnverifiedSigs)}, nil
}

func verified(data []byte, keys []string) (*note.Note, error) {
	verifiers := make([]note.Verifier, len(keys))
	for i, key := range keys {
		v, err := note.NewVerifier(key)
		if err != nil {
			return nil, err
		}
		verifiers[i] = v
	}
	return note.Open(data, note.VerifierList(verifiers...))
}

func generate(r request) (answer, error) {
	secret, key, err := note.GenerateKey(nil, r.Name)
	return answer{"secret": secret, "key": key}, err
}

func sign(r request) (answer, error) {
	signers := make([]note.Signer, len(r.Secrets))
	for i, secret := range r.Secrets {
		s, err := note.NewSigner(secret)
		if err != nil {
			return nil, err
		}
		signers[i] = s
	}
	data, err := note.Sign(&note.Note{Text: r.Text}, signers...)
	return answer{"note": data}, err
}

func checkRecord(r request) (answer, error) {
	return answer{}, tlog.CheckRecord(r.Proof, r.Size, r.Root, r.Index, r.Leaf)
}

func checkTree(r request) (answer, error) {
	return answer{}, tlog.CheckTree(r.Proof, r.Size, r.Root, r.Old, r.OldRoot)
}

// A served log: tlog's tile reader over HTTP, or over a folder (file:).
type served struct {
	url    string
	tree   tlog.Tree
	hashes tlog.HashReader
	leaves []tlog.Hash
	kept   map[tlog.Tile][]byte
}

func (s *served) Height() int { return height }

func (s *served) ReadTiles(tiles []tlog.Tile) ([][]byte, error) {
	data := make([][]byte, len(tiles))
	for i, tile := range tiles {
		if data[i] = s.kept[tile]; data[i] != nil {
			continue
		}
		var err error
		if data[i], err = s.get(path(tile)); err != nil {
			return nil, err
		}
	}
	return data, nil
}

func (s *served) SaveTiles(tiles []tlog.Tile, data [][]byte) {
	for i, tile := range tiles {
		s.kept[tile] = data[i]
	}
}

func path(t tlog.Tile) string {
	inner := strings.TrimPrefix(t.Path(), fmt.Sprintf("tile/%d/", height))
	return "tile/" + strings.Replace(inner, "data/", "entries/", 1)
}

func (s *served) get(path string) ([]byte, error) {
	reply, err := client.Get(s.url + "/" + path)
	if err != nil {
		return nil, err
	}
	defer reply.Body.Close()
	if reply.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("%s: %s", path, reply.Status)
	}
	return io.ReadAll(io.LimitReader(reply.Body, maxBytes))
}

// follow opens the checkpoint of the log at a URL.
func follow(r request) (*served, answer, error) {
	s := &served{url: r.URL, kept: map[tlog.Tile][]byte{}}
	data, err := s.get("checkpoint")
	if err != nil {
		return nil, nil, err
	}
	n, err := verified(data, r.Keys)
	if err != nil {
		return nil, nil, err
	}
	// tlog.ParseTree knows one origin, that of sumdb; what follows the first line is the same everywhere.
	origin, rest, _ := strings.Cut(n.Text, "\n")
	if s.tree, err = tlog.ParseTree([]byte("go.sum database tree\n" + rest)); err != nil {
		return nil, nil, err
	}
	s.hashes = tlog.TileHashReader(s.tree, s)
	return s, answer{"origin": origin, "size": s.tree.N, "root": s.tree.Hash}, nil
}

// entries compares the hash of every entry in the bundles with that in the authenticated tiles.
func (s *served) entries() (answer, error) {
	if s == nil {
		return nil, errors.New("no log is followed")
	}
	s.leaves = nil
	for n := int64(0); n*width < s.tree.N; n++ {
		count := s.tree.N - n*width
		if count > width {
			count = width
		}
		name := path(tlog.Tile{H: height, L: -1, N: n, W: int(count)})
		data, err := s.get(name)
		if err != nil {
			return nil, err
		}
		indices := make([]int64, count)
		for i := range indices {
			indices[i] = tlog.StoredHashIndex(0, n*width+int64(i))
		}
		stored, err := s.hashes.ReadHashes(indices)
		if err != nil {
			return nil, err
		}
		for i := range stored {
			if len(data) < 2 || len(data)-2 < int(binary.BigEndian.Uint16(data)) {
				return nil, fmt.Errorf("%s: entry %d is cut off", name, i)
			}
			end := 2 + int(binary.BigEndian.Uint16(data))
			if tlog.RecordHash(data[2:end]) != stored[i] {
				return nil, fmt.Errorf("%s: entry %d is not what the tiles have", name, i)
			}
			data = data[end:]
		}
		if len(data) > 0 {
			return nil, fmt.Errorf("%s: %d bytes too many", name, len(data))
		}
		s.leaves = append(s.leaves, stored...)
	}
	return answer{"leaves": s.leaves}, nil
}

// prove makes proofs from the tiles for a tree of any size up to the log's, and checks each one.
func (s *served) prove(r request) (answer, error) {
	if s == nil || r.Size > s.tree.N {
		return nil, errors.New("no log of this size is followed")
	}
	root, err := tlog.TreeHash(r.Size, s.hashes)
	if err != nil {
		return nil, err
	}
	records := make([]tlog.RecordProof, len(r.Indices))
	for i, index := range r.Indices {
		if records[i], err = tlog.ProveRecord(r.Size, index, s.hashes); err != nil {
			return nil, err
		}
		leaf, err := s.hashes.ReadHashes([]int64{tlog.StoredHashIndex(0, index)})
		if err != nil {
			return nil, err
		}
		if err := tlog.CheckRecord(records[i], r.Size, root, index, leaf[0]); err != nil {
			return nil, err
		}
	}
	trees := make([]tlog.TreeProof, len(r.Olds))
	for i, old := range r.Olds {
		oldRoot, err := tlog.TreeHash(old, s.hashes)
		if err != nil {
			return nil, err
		}
		if trees[i], err = tlog.ProveTree(r.Size, old, s.hashes); err != nil {
			return nil, err
		}
		if err := tlog.CheckTree(trees[i], r.Size, root, old, oldRoot); err != nil {
			return nil, err
		}
	}
	return answer{"root": root, "records": records, "trees": trees}, nil
}

var client *http.Client

func main() {
	transport := &http.Transport{}
	transport.RegisterProtocol("file", http.NewFileTransport(http.Dir("/")))
	client = &http.Client{Transport: transport, Timeout: 30 * time.Second}
	asked := bufio.NewReaderSize(os.Stdin, 1<<20)
	answers := json.NewEncoder(os.Stdout)
	var log *served
	for {
		line, err := asked.ReadBytes('\n')
		if err != nil {
			return
		}
		var r request
		var found answer
		if err = json.Unmarshal(line, &r); err == nil {
			switch r.Do {
			case "open":
				found, err = open(r)
			case "generate":
				found, err = generate(r)
			case "sign":
				found, err = sign(r)
			case "check record":
				found, err = checkRecord(r)
			case "check tree":
				found, err = checkTree(r)
			case "follow":
				log, found, err = follow(r)
			case "entries":
				found, err = log.entries()
			case "prove":
				found, err = log.prove(r)
			default:
				err = errors.New("unknown request")
			}
		}
		if err != nil {
			found = answer{"error": err.Error()}
		}
		if answers.Encode(found) != nil {
			return
		}
	}
}
