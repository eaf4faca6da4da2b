"""
The small words of the languages people complain in, written down from knowledge of them.

Words a language shares with Indonesian stand in both lists and so speak for neither. `ENDINGS`,
`BEGINNINGS` and `LETTERS` are what a word of that language often looks like when it is in no list.
"""

from collections.abc import Mapping
from types import MappingProxyType

#: The words of each language, by ISO 639 code; accents are left out.
WORDS: Mapping[str, str] = MappingProxyType(
    {
        # Indonesian, as written and as chatted.
        "id": """
    acara ada adalah agak agar air aja akan akta aku alamat anda anggota antara antre apa apabila
    apakah apalagi aparat aplikasi arus atas atau bagaimana bagi bagus bahaya bahkan bahwa baik
    balita banget bangunan banjir bantu bantuan banyak bapak baru bayar bayi beberapa begini
    begitu begitulah belum bensin berada berantas berapa berbagai berhenti beri berisik berlaku
    berlubang berobat bersama besar besok bgt bhw biaya bisa blm bocor boleh bs buang buat bukan
    bukannya bukti cara caranya cek cepat cukup cuma daerah daftar dalam dan dana dapat dari
    darimana daripada darurat deh dekat dekatnya demi dengan depan desa dg dgn di dia dibantu
    diberi dibersihkan dibongkar dibuang dibuka dilakukan dimana dimulai diperbaiki diri disana
    disini ditindak ditutup dlm dong dpt dr dulu elu enggak ga gak gangguan gedung gelap genangan
    gimana gini gitu gk gmn gorong got gua gue guru hal hampir hanya harga hari harus hilang
    hingga honor hujan ia ibu ijin infonya informasi ingin ini itu itulah izin jadi jadwal jalan
    jangan jd jembatan jenis jg jgn jika juga justru juta kabel kadang kaga kagak kah kalau kalo
    kamar kami kampung kamu kan kantor kapan karena karna kartu kasih kata katanya kawasan kayak
    kayaknya ke kebakaran kebocoran kecelakaan keluarga keluhan kelurahan kemana kemarin kembali
    kenapa kendala kendaraan kepada keras ketika kita klo klu kok kondisi korban kosong kotor krn
    krna kurang kurangnya lagi lah lahan lain lalu lampu lapor laporan layanan lebih lewat lg lho
    liar listrik lo loh lokasi lu lupa lurah maaf macet maka makan makasih malah malahan malam
    mana masih masing mau maupun melakukan melalui memang membantu memberi membuang membuat
    meminta mempunyai menjadi menumpuk menurut merasa mereka meresahkan merupakan meskipun meter
    milik minggu minta mobil mohon motor mrk mulai mungkin namun nanti nanya ngga nggak nih nomor
    nya oleh orang pada padahal padam pagi pajak paling para parah parkir pasien pedagang pelaku
    pelayanan pemadaman pemangkasan pemasangan pembangunan pembuangan pemerintah pemilik
    penambahan pencemaran pencurian penerima pengaduan pengemis pengurusan penjual penutup
    perbaikan permintaan permohonan pernah perumahan petugas pihak pohon polisi pula pun punya
    putus rawan resah ribu rokok rumah rusak saat saja sakit saluran sama sambil sampah sampai
    samping sangat saya sblm sdg sdh sebab sebagai sebelum sebelumnya sebuah secara sedang segera
    sehingga sejak sekali sekalian sekarang sekitar sekolah selain selalu selama selanjutnya
    selokan seluruh semakin sembarangan semoga semua sendiri seolah seorang sepanjang seperti
    sering serta seseorang sesuai sesuatu setelah setiap siang siapa sih siswa soal solusi spy
    stlh suara suatu sudah sudahkah sulit sungai supaya surat sy tak tambahan tanah tanggal tanpa
    tanya tapi tdk telah tembok tempat tentang terblokir tercemar terganggu terhadap terima
    terimakasih terjadi terjadinya terkait terlambat termasuk terminal ternyata tersebut tetangga
    tetap tetapi tiang tiap tidak tidur tiga timbul tindak tindakan tolong tp trims trs tsb tuh
    tumbang tunggakan tunjangan tutup uang udah umum untuk urus usia utk waktu walaupun warga
    yaitu yang yg yuk""",
        # Javanese, ngoko and krama.
        "jv": """
    adol ae aja akeh aku alit amarga amargi amargo ambek ambi amerga amung ana angsal antarane anyar
    apa apik arek arep awake awakmu awan ayo babagan bade badhe bakal banget ben bengi bilih bisa
    bocah boten bungah cak carane cilik cok dadi dadine dados dalan dalane datheng deleng delok dene
    dening dereng dewe deweke dhateng dhewe dheweke dina dingge dinggo dino dinten dipun dugi durung
    duwe elek emoh enak endi enek engko enom entuk esuk gadhah gak gawe gede gedhe gelem gone griya
    iki iku ing inggih ingkang isa isih iso isok iya jaluk jare jarene jeneng jenenge jroning kabeh
    kados kae kalih kaliyan kandha kang kangge kanggo kanthi karo kathah kaya kedah kene kepiye
    kepriye kerep kok kono kowe koyo krungu kudu kudune kui kula kulo kuwi lagi lan lanang langkung
    lare lawas lha limang liwat liya liyane loro lumantar lunga luweh luwih malah manawa maneh
    mangan mangga marake marang mati matur maturnuwun mau mawon mbayar mbok mboten mbuwang meh mek
    menawa menawi mengke mengkene mengko mengkono menika menyang mergane mergo mesthi mesthine mesti
    minangka mlaku monggo mrene mrono mula mulane mung namung nandi nang nanging nate ndalan ndang
    ndelok nduk nduwe nduwur nedha nek neng ngajak nganggo nganti ngantos ngapa ngendi ngene ngerti
    nggawe nggih nggo nggone ngisor ngomong ngono niki niku ning njaga njaluk njenengan njupuk
    nonton nopo nuwun nyang nyapo nyawang nyuwun ojo oleh omah ono onok opo opo'o ora pancen
    panganan panggonan panggonane panjenengan papat pas pira piro pitu piye pripun punapa pundi
    punika rada rasane rega regane rek rene resik rodo rong rono saben sabendina sadaya sadurunge
    saged saiki sajroning sak saka sakdurunge saking sakmeniki sakwise sampek sampeyan sampun sanga
    sanget sapa sapriki sasi sawise sedaya sedoyo sek seka sekedhik seko sekolah seneng seng sepuluh
    sesok sesuk siji sijine sing sinten sithik sitik sopo supaya susah suwun taksih tansah tau taun
    teka tekan teko telu tho tiyang tuku tulung turu tuwa uga ugi ugo urip utawa utowo uwes uwis
    uwong wae wedok wektu wengi weruh wes wingi wis wolu wong wonten ya yaiku yen yo""",
        # Sundanese.
        "su": """
    abdi acan ageung alit alus ambeh angkat anjeun anjeunna anu anyar aranjeunna arek arurang
    atanapi atawa atos atuh awon aya ayeuna bade bae baheula bari barudak bejana bener beurang bisa
    boga boh budak bumi bungah can cenah ceuk ceunah daek dahar datang deui deuih dijieun dina
    dinten dipake dongkap dugi encan enggal engke era estu eta euy gaduh ge gede geus goreng hargana
    hatur hayang henteu heunteu hiji hirup hoyong ieu ieuh imah indit iraha isuk jadi jalma jalmi
    jaman janten jelema jeung jiga ka kabeh kalayan kamari kana kanggo kawas kedah keneh kenging
    keur kieu kitu kolot komo ku kudu kumaha kunaon kuring kusabab lamun langkung lebah leres
    leumpang leutik leuwih loba mah make malah mana maneh manehna mangrupa mangrupakeun maot masih
    mawa mayar meh menta meuli meunang moal mun mung naha nanging naon nempo nepi ngadenge
    ngagunakeun ngajadi ngaliwatan ngan ngarti ngeunah ngomong ngora ningali nu nuhun nyaeta nyaho
    nyahoeun nyandak nyarios nyieun nyokot nyuhunkeun oge palay pamarentah pangalusna parantos
    peuting pikeun pisan poe punten raos rasana rek resep saatos sabab sabaraha sabenerna sadaya
    sadayana saenyana saetik saeutik saha sahiji salah salila samemeh sanajan sanaos sanggeus
    sangkan sapertos sapoe sare sareng sarta sasih saurna sedih seueur sieun siga sok sonten sumping
    supados tadi tapi tapina taun teh tempatna terang teu teuing ti tiasa tilu tina tos tuang tulung
    ukur ulah unggal upami urang wae wani wengi""",
        # English.
        "en": """
    a about after again all also always am an and any are as at back be because been before but by
    can could did do does don ever every for from get go good got had has have he her here him his
    how i if in into is it its just like make many me more most much my near never no not now of off
    on one only or other our out over people please really same she should since so some still such
    than that the their them then there these they this those to too up us very was we well were
    what when where which while who why will with without would you your
    above across behind beside between broken corner days dirty flood front garbage hole house next
    night opposite road school street today under water week yesterday""",
        # Minangkabau.
        "min": """
    acok ado adolah agak agiah alah alun ambo ampek anam apo apokah asin atau awak ba'a baa bae
    baitu bak bakarajo bali bana bantuak bantuaknyo banyak bara barapo baru basamo basuo bayia bayie
    beko bilo bisa buek buruak caliak capek ciek cuma dakek danga dapek dari dek den denai dibuek
    dicubo dima duo elok gadang haragonyo harus iko indak inyo itu iyo jadi jauah jikok jo juo ka
    kalau kama kan kapatang karano karanoe kareh kasadonyo kasih kasiko kasinan kecek ketek kini
    kito ko kok labiah labiahnyo lah lai lalok lamak lambek lamo lapeh limo lua lueh lunak ma
    maagiah maha makan mambali mambuek mananti mancaliak manga mangecek mangko manjadi manjua mano
    manuju manuruik manyanangan maota marupokan masiang maso mintak mode mudo murah musti nagari nak
    nampak nan ndak ndeh nio nyo pado pai paja panek parnah partamo patang payah pulang pulo punyo
    rami rancak raso rasonyo rumah sabab sabagai sabalun sabanta sabuah sadang sado sadoalah sadonyo
    sagalo sajo saketek saketeknyo sakik sakola salah salapan salasai sambilan samo sampai samua
    sanang sangaik sapuluah sarupa sarupo sasudah satiok satu se sia sialah siapo siko sikola sinan
    sudah supayo tadi talampau tampek tantang tapek tapi tarimo taruih tasabuik tatap tau taun tibo
    tigo tolong tu tujuah tuo uda uni untuak untuang untuk urang wak wakatu yo""",
        # Balinese.
        "ban": """
    abedik ada ageng ajak ajeng ajengan ajine akeh akidik alit aluh anak ane angge anggen antuk
    anyar apa apang apanga bani bareng becik bedik beh besik buin buka cai cang cara cenik cingakin
    dadi dados demen dereng dija dini ditu dogen drika driki duaning durung eda encen ene engken
    ento gae gati gede gen ia ibi icang ida idih indik inggih ipun iraga irika iriki jaan jaen jagi
    jani jatma jeg jelek jero joh ka kanti kaon kari karya kenken keras kewala kewanten keweh kocap
    konden kone krana lakar lamun lan langkung lebih lingsir liu luas luung maan madaar maduwe
    majalan makejang malih malu mangda mangkin maosang mara margi masih matur mawit mayah medaar
    mekejang meli milu minab minakadi mireng mirib miwah muah mula musti naar nah nak nampek nanging
    napi nawang nden ne nenten nepukin ngadep ngae ngajeng ngalih nganggo ngantos ngaryanin ngelah
    nggih ngidih ngorahang ngudiang nika niki niku ningeh nu nunas nyai nyanan nyemak nyen nyidang
    nyingak olih paek patut pesan peteng pidan pinaka pisan polih prasida punika puniki puniku
    ragane rage rahina rare rasane rauh ring sabilang sadurung saja sajaba sajan sajeroning saking
    samaliha sami samian sampun sane sanja santukan sapunapi sareng sasih sasukat sawatara sawireh
    sebet sedek sekadi sekancan semeng seneng sinamian sing sira sirep suba sube suksma taler tawang
    tebih teka teken tekening ten tengah tiang tiban titiang to tongos tua tuah tuara tulung tuni
    tusing uli ulian ulihne uling umah uning utawi wantah warsa wengi wenten yeh yen yening""",
        # Madurese.
        "mad": """
    aba'na abit acaca adha'ar agebey aghabay ajalan ajhuwal akadhi akanta alako amarga ampo ampon
    anapa andhi' andik anyar arapa are areng arghana ari ariya arowa ba'na bada badana badha badhan
    bagus bakto ballu' ban bannya' bannyak banya' baramma bari' be'en bede bedhe begus beih bekal
    bekna bektona bellun ben bengko bhagus bhai bhakal bhalanja bhekal bi' bik bila bine' biq bisa
    bula bunten careta careta'na cokop coma da' daddi dari deddih deteng dha' dha'remma dhaddhi
    dhaggang dhangghi' dhari dhateng dhibi' dhimma dhissa dhuwa dibi' dimma e edissa ekenneng empa'
    engghi enggi engko engkok enja' ennem epon etemmo gella gella' ghebey ghi ghun gi' guleh gun iya
    jareya jek jereya jha' jhalan jhe' jhek juah jube' ka ka'dhinto kaangghuy kaangguy kaanguy
    kabbhi kabbhih kabbi kalaban kalabhan kana' kanak kastah kaula kemma kene' kenek keni' kennengan
    kia klaban kodhu kodhuna kodu kona la lagghu lakoh lalake' lambha' lebbhi lebbi lekkas lema'
    loppa' lorong majar mala malem manabi mangkana mangkat mara maso mator melle mengghu menta mon
    moso mulae na'kana' nangeng neka nengale ngabas ngaghungi ngakan ngala' ngangguy ngedhing
    ngeding ngoca' ngoda nika nyaman nyambi nyo'on olle ollena oneng ongghu onggu ongguwan oreng
    otaba otaba' otabana panika parlo pasera perna petto' polana polanah ponapa raja rassana rea reh
    reng reya riya roma rua saban sabellunna saconne' sadaja saellana sakalangkong sakale sakone'
    sampe' sampek sampeyan sapa sara sarah sareng sateya satiya se sengko sengko' senneng setiah
    settong sittong so sopaja sopaya ta' tade' tadek tao taon tape tedung tello' terro toju' towa
    wada""",
        # Acehnese.
        "ace": """
    abeh adak agam aneuk asai atawa awak awaknyan bacut bah bak ban bandum baro baroe bayeue bek beu
    beuna beungoh beutoi bloe brat brok bu buleun cit cok cukop cut deungo di dile dilee droe droen
    droeneuh eh euh euntreuk gadoh galak gampong gaseh gata geunaseh geupeugot geutanyoe gobnyan
    golom got hai han hana hanjeut hantom hate hawa hek ie inong jadeue jai jak jeh jep jeuet jeut
    jih jino jinoe jioh jipeugot jroh ka kah kaloen kalon kamoe keu keudeh keuh keunoe keureuna
    kheun kon ladom lage lagee laju lakee lapan le leubeh lhee lheueh lheuh limong lom lon mandum
    mangat mantong mesti meuhai meunyo meunyoe mita murah na nam nanggroe ngen ngieng ngoen ngon
    nibak nit njan njang nyan nyang nyankeuh nyoe oh padum pajan pajoh pakiban pakon pane pat peu
    peuet peugah peugot pruet publoe rab raya rayek rayeuk ret rugoe rumoh sabab sabee saboh sang
    sideh sidroe sikureueng singoh sinoe siploh sit soe supot tamong tan tapi tatem tempat teubiet
    teuka teuma teumpat teungoh teupeu teupue teurimong that thon toh trep troh trok tuha tujoh
    tulong u ube ubeut ubit ulon untong ureueng ureung uroe wate watee woe yoh yum""",
        # Banjar.
        "bjn": """
    ai aja am ambil ampun amun anam anum apa atawa baarti bagus bahari baik baisi baisukan bajual
    balum baluman banar banua banyak banyu bapander bara barangai barataan biar bila bubuhan
    bubuhannya bulik bungas buruk buting dahulu dan dangsanak dari di dibawa dimana dipadahi diulah
    ganal garing gasan gasannya gin guring haja handak handaknya handap hanya hanyar haraga
    haraganya hibak himung hudah hudahnya ikam ikung imbah ini inya isuk itu jadi jua ka kada kadada
    kaina kainapan kakanak kakanakan kamarian kami kanak kanapa karana katuju kawa kaya kayapa kd
    kulihan kulir labih lagi lah landung langsung larang lawan lawas maambil maapa maitihi maka
    makan malihat mamadahi mambari mana mandangar manjadi manukar manyambat maraha marasa marga
    masih matan maulah minta muar mudahan mun nang nangini nangitu ngini ngitu nyaman nyawa padah
    palih pander pang parak parnah pian pina purun rahatan rami rancak rasanya rumah sabab sabagai
    sabalum saban sabarang sabarataan sabarataannya sabuting sadikit saikung saja saking sakira
    salajur samakin samalam sampai sampiyan samua samunyaan samunyan sapalih sarik siapa sidin
    sorang sorangan sudah supaya surang tadi tagal talalu talu tamasuk tapaksa tapi tarima tarnyata
    tarus tuha tulak tulung ujar ulah ulun unda urang wadah wadahnya wahini wan wayah
    wayahini yang""",
        # Bugis.
        "bug": """
    aga akko alena ana ana' anre arua asera baiccu baja bara battoa bawang biasa bola cedde cedde'
    de de' degaga degage dek dena denre depa deppa deto detto ellau elli ellinna engka engkato
    enneng enrenge enrengnge eppa ero ero' esso essoe idi idi' idik iga iko inanre isseng iya iyae
    iyamaneng iyami iyanae iyarega iyaro iyatu iyya jaji jajini jokka joppa ka kasi kasi' kessing ki
    ko koe kotu kuro ladde ladde' laing laingnge lainnge laleng lao lebbi lettu lisu lolongeng
    mabbalu mabela macawe macenning maega maelo magi maja maja' makanja makanja' makessing makkada
    makkeda makkedai makkekkue makkita makkukkue makkunrai malolo maloppo malunra mancaji maneng
    manengka manre mappunnai masero masoli masoli' matinro matoa mattama mega melli melo memeng
    messu meto mi mita mitai mo muto na naekiya naia naikia naisseng naiya nakko napa napancaji
    narekko nareko nasaba naseng naullei nulle nyameng okko onrong onrongna pada padatoha paimeng
    pammulanna pappada pappadana pappole pekko pi pole punnai pura purana purani rekeng rekko ri
    ribola rilaleng rimunri riolo ritu ro runtu saba' seddi seddi' sedding senna senna' seppulo
    siaga sibawa subangenna ta' tapi tarima tau taue taung tega tennia to tosi tuli tungke tungke'
    uleng ulle' ullei untu urane waja wanua wedding weddingi wenni wettu wettunna""",
        # Toba Batak.
        "bbc": """
    adong aha ahu ai ala alai an andigan andorang anggiat anggo angka annon anon arga argana ari asa
    ate attong au bahen balga be beha binoto boasa boi borngin boru botima dakdanak dalan dang dapot
    denggan di dia dibahen dibege diboto didia didok dipatupa disan disi dison do dohonon dohot dope
    dos dung dungi gabe ganjang ganup gariada gelleng godang halak hami hamu hape hian hira hita ho
    holan hu hubereng hurang hurasa huta ianggo ibana ido imana imbaru inganan ingkon ise jabu jala
    jolma jumpa laho lam lao laos las leleng lobi lumobi ma mambahen mambege mamereng manang mandok
    mangan manggarar mangido manjalo manogot manuhor maradophon marhite marnida marsiajar marsogot
    matua mauliate metmet mida modom molo muse na nadenggan naeng nampuna nang nantoari nasa nasida
    ndang nian ninna nuaeng nunga nungnga on onom opat otik pardalan parhobas pe pintor pitu porlu
    poso rap ro roa sada sadia saleleng sambing sampulu saonari saotik setoho sian situtu so songon
    songoni songonon sude sudena tabo taon tarida tarlobi tarpaksa tarsongon tingki toho tolu tong
    tongtong torus tu tudia ualu ujungna umboto unang urupi""",
        # Ngaju Dayak.
        "nij": """
    akan alem amon ampi ampie ampin amun andau angate are awi ayue ayun ayungku bahalap bakas balaku
    baleh bapander bara basa batiruh beh behat belum biti buah buhen bujur capat dapit dengae dengan
    dia dohop due duhup dumah ehat eka ela en endau epat ewau eweh ewen gau gawi genep guang haguet
    hai halemei hamalem hamauh hampe handak handiai hanjewu hapan hasondau hasupa hayak helo hemben
    hemen hete hetuh hindai hining hong huang huma hung ie ih ihi ije ikau ikei ikey inampa induan
    intu isut itah iyoh jadi jahawen jari jaton jatu jatun je jete jetuh jewe jewu ji jida jite
    jituh kabuat kahimat kakare kanateng kasene katawan kea ketun kilau kilen kinan koae koan kuan
    kueh kuman kungan kurik labih larang lewu limbah limbas lime magun mahining maku male malihi
    mamili mampunyai manampa manampayah mander manduan mangat manggau mangkeme manguan melai meteh
    metuh mili mite murah nampa nampara narai nduan nihau nyelu nyewut oloh paling palus panginae
    panginan papa pea pire puji puna rega regae sama samandiai sampai sapuluh sewut sinde tabela
    taheta tampae tampayah tapi tau te tege telu toh toto tuh tukep tumon tuntang tutu uju uka uluh
    ulun umba uras wayah wayahtuh yaku yakuh yoh""",
        # Betawi, where it is more than Indonesian chat.
        "bew": """
    ade aje ame ape apenye aye babeh bawe bise cume die dimane encang encing engkong ente gimane iye
    juge kaga kagak kate kemane kenape kerje kite lame mane mase mpok mude name ntu nyak nyang
    orangnye pegimane punye rume rumeh semue siape tue udeh""",
    }
)

#: What a word that is in no list often ends in.
ENDINGS: Mapping[str, str] = MappingProxyType(
    {
        "id": "nya kan",
        "jv": "ake aken ane ipun oke ke",
        "su": "keun eun ana ning nana kan",
        "en": "ing tion ness ght ous",
        "min": "nyo uak uik uih iak iah uah aik ek eh uang iang",
        "ban": "ne ang nyane ina",
        "mad": "aghi agi eppon epon ana na' ah",
        "ace": "oe eue eng eut euh ueh eh oh",
        "bjn": "nya akan",
        "bug": "nna ngeng nnge ngnge nge ngi ngngi ki na' ge",
        "bbc": "hon ni na on an",
        "nij": "ae ie ee",
    }
)

#: What it often begins with.
BEGINNINGS: Mapping[str, str] = MappingProxyType(
    {
        "id": "ber mem men meng ter per pem pen peng se",
        "jv": "ng ny di ke nd mb",
        "su": "nga nya ny di ka pang",
        "en": "th wh",
        "min": "ba man mam mang ta sa pa pan pam pang di",
        "ban": "nga ma ka pa nge me",
        "mad": "e a ka sa",
        "ace": "meu peu teu geu beu seu ji neu keu ta",
        "bjn": "ba man mam mang ta sa pa pan pam pang di",
        "bug": "ri na ma pa si",
        "bbc": "mang mar par tar di pa ma hu",
        "nij": "ba ma ha ka i pa",
    }
)

#: Neighbouring letters anywhere in a word.
LETTERS: Mapping[str, str] = MappingProxyType(
    {
        "su": "eu",
        "ace": "eu oe ue ee",
        "mad": "bh dh gh jh nn ss ll kk bb dd tt",
        "bug": "nn ss ll kk bb dd tt pp cc gg jj rr mm ngng",
        "jv": "dh th",
    }
)
