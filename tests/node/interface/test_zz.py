import time
def test_it(world):
    n=world.node
    with n.store.reading() as t:
        print(t.rows("SELECT projection, reason, kind FROM unread JOIN statements ON statements.seq=unread.seq"))
        print(t.rows("SELECT disclosure, COUNT(*) FROM statements GROUP BY disclosure"))
    print(len(world.statements))
    for name,c in world.clients.items():
        s=time.time(); r=c.get("/api/v1/me"); print(name,r.status_code,round(time.time()-s,4))
