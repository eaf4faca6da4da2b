"""
Which of our types, topics and offices are which label of each set, as far as they have one.

Labels of a set are facts about it. Where a set cuts another way than a taxonomy can (Surabaya calls
the same poor families "MBR" or "Keluarga Miskin", by the form they came in by), the more frequent
label stands here, and the rest cannot be reached.
"""

from types import MappingProxyType

#: The operators of lapor_2017 knew three types; what is no report was not published.
TYPES = MappingProxyType({"aspirasi": "aspirasi", "permintaan_informasi": "permintaan_informasi"})


def _spread(table: dict[str, str]) -> MappingProxyType[str, str]:
    """Ours by label, as written below, to label by ours."""
    return MappingProxyType(
        {ours: label for label, all_ours in table.items() for ours in all_ours.split()}
    )


#: Six groups; everything else is "Pelayanan Publik", which is their catch-all as well.
PURBALINGGA_REST = "Pelayanan Publik"
PURBALINGGA = _spread(
    {
        "Infrastruktur": "jalan jembatan drainase trotoar pju banjir irigasi",
        "Ketertiban": "ketertiban parkir pkl_bangunan_liar kriminalitas_kepolisian lalu_lintas "
        "narkotika",
        "Lingkungan": "sampah pencemaran pohon_taman bencana kehutanan pertambangan hewan_liar "
        "peternakan_perikanan",
        "Pendidikan": "pendidikan kekerasan_sekolah",
        "Sosial dan Ekonomi": "bansos kesejahteraan_sosial ketenagakerjaan bpjs_ketenagakerjaan "
        "umkm_koperasi pasar_perdagangan keuangan_pajak perumahan makan_bergizi pekerja_migran "
        "pemulihan_ekonomi",
    }
)

#: The topics with thirty reports or more; a leaf without a label has that of its topic.
SURABAYA_REST = "Permasalahan Kewilayahan Kelurahan"
SURABAYA = _spread(
    {
        "Informasi Pemangkasan/Perantingan Pohon": "pohon_taman",
        "MBR": "data_miskin",
        "Bansos": "bansos",
        "Jalan Rusak dan Berlubang": "jalan",
        "Pavingisasi": "jalan_lingkungan",
        "PJU": "pju",
        "Pelayanan PDAM": "air_bersih",
        "Saluran Tepi Jalan": "drainase",
        "Pengerukan Saluran Permukiman": "saluran_tersumbat",
        "Informasi Lokasi Genangan": "banjir",
        "Pembersihan Sungai Akibat Sedimen Saluran": "sungai_tanggul",
        "Parkir": "parkir",
        "Retribusi Parkir": "tarif_parkir",
        "Informasi Pembersihan Sampah Di Saluran/Sungai, Pedestrian, dan Jalan": "sampah",
        "Penyediaan Pengangkutan Sampah Hasil Kerja Bakti": "angkut_sampah",
        "KTP-el": "ktp",
        "Administrasi Kependudukan": "kependudukan",
        "Akta Kelahiran": "akta_lahir",
        "Pelayanan Puskesmas": "kesehatan",
        "BPJS PBI": "bpjs_kesehatan",
        "Perangkat RT/RW": "rt_rw",
        "Pelayanan Petugas Kelurahan": "pelayanan_desa_kelurahan",
        "PKL": "pkl_bangunan_liar",
        "Aduan Permasalahan Lembaga Pendidikan": "pendidikan",
        "PPDB Kota Surabaya": "ppdb",
        "Informasi Program Indonesia Pintar (PIP/KIP) SD": "beasiswa",
        "Rusunawa": "rusun",
        "Lowongan Pekerjaan": "ketenagakerjaan",
        "Utilitas": "utilitas_internet jaringan_listrik",
    }
)

#: The thirty groups of agencies of lapor_2017, by the short names of config/agencies.toml.
LAPOR_REST = "lainnya"
LAPOR = _spread(
    {
        "pekerjaan_umum": "pupr bina_marga_prov sda_prov bbpjn bpjt bbws kemenpu",
        "perhubungan": "dishub dishub_prov kemenhub",
        "lingkungan": "dlh dlh_prov kehutanan_prov kemenhut klh bksda",
        "perumahan": "perkim kemenpkp",
        "dukcapil": "dukcapil",
        "sosial": "dinsos dinsos_prov kemensos dp3a kemenpppa",
        "kesehatan": "dinkes dinkes_prov rsud kemenkes bpom",
        "pendidikan": "disdik disdik_prov kemendikdasmen kemdiktisaintek",
        "perizinan": "dpmptsp",
        "satpol_pp": "satpol_pp",
        "bencana": "damkar bpbd bnpb basarnas bmkg",
        "ketenagakerjaan": "disnaker disnaker_prov kemenaker kp2mi kementrans",
        "perdagangan_koperasi": "perdagangan koperasi kemendag kemenperin kemenkop kemenumkm",
        "pertanian_perikanan": "pertanian perikanan kelautan_prov kementan kkp",
        "pariwisata_olahraga": "pariwisata kemenpar kemenpora kemenbud",
        "kominfo": "kominfo komdigi",
        "dalam_negeri_desa": "dpmd kemendagri kemendesa",
        "keuangan_pajak": "bapenda bapenda_prov djp bea_cukai kemenkeu",
        "kepegawaian": "bkpsdm bkn kemenpanrb taspen",
        "pemda_wilayah": "kecamatan desa setda",
        "pdam": "perumda_air",
        "bumn": "pln pertamina telkom kai pelni asdp pos bulog perhutani perumnas bank_bumn",
        "bpjs_kesehatan": "bpjs_kes",
        "bpjs_ketenagakerjaan": "bpjs_tk",
        "pertanahan": "bpn",
        "kepolisian": "kepolisian",
        "hukum_ham_imigrasi": "imigrasi kemenkum pemasyarakatan ma kejaksaan",
        "agama": "kemenag kemenhaj",
        "esdm": "esdm_prov kemenesdm",
    }
)
