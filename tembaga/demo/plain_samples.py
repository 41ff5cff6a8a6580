"""The samples of plain feeds: a few lines each, as the demo's partners would write them.

The voucher code is the worked example of S16; nobody was ever sent it.
"""

PLAIN_SAMPLES = {
    "banyumili/samples/OUTLETS_2026-01.csv": """\
Outlet ID,Outlet Name,Street,City,Province
BJ-901,Bengkel Lestari Motor,Jl. Rimba Raya 8,Bogor,Jawa Barat
BJ-902,"Gigi Lima, Sparepart",Jl. Kali Bening 21,Cirebon,Jawa Barat
""",
    "banyumili/samples/MECHANICS_2026-01.csv": """\
Mechanic ID,Status,From,Name,E-mail,Phone,Outlet ID,Consent Date,Consent,Form
RJ-0901,NEW,2026-01-05,Sari Wulandari,sari@m.example,+62 812-0000-0901,BJ-901,2026-01-05,v1,f-0901
RJ-0902,NEW,2026-01-06,Yusuf Hamdani,yusuf@m.example,0812 0000 0902,BJ-902,2026-01-03,v1,f-0902
RJ-0026,CHANGED,2026-01-07,,,0812 0000 0026,,,,
RJ-0071,LEFT,2026-01-07,,,,,,,
""",
    "tapakrimba/samples/TUKAR_20260202.csv": """\
No Permintaan;ID Mekanik;Kode Hadiah;Diminta Pada
T-0001;RJ-0061;belanja_50;2026-02-02T08:15:00+07:00
T-0002;RJ-0061;pulsa_50;2026-02-02T08:16+07:00
""",
    "tapakrimba/samples/KEGIATAN_20260131.csv": """\
No Kegiatan;ID Mekanik;Kode Bengkel;Kegiatan;Tanggal;Mekanik Diajak;Bukti
K-0001;RJ-0061;BKL-015;FOTO;28/01/2026;;foto/0001.jpg
K-0002;RJ-0061;;PELATIHAN;29/01/2026;;daftar hadir 17
K-0003;RJ-0061;;AJAKAN;30/01/2026;RJ-0062;formulir 62
""",
    "gentala_mart/samples/KLAIM_20260131.csv": """\
Kode Voucher;Tanggal Pakai;Nilai
K7MQ2-XH9TW-7;28/01/2026;50.000,00
k7mq2 xh9tw 7;29/01/2026;50.000
""",
}
